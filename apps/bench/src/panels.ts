// Charts with panels one below the other, as SVG, by ECharts. It takes longer to load than all the
// rest: import it only when something is drawn.
import { BarChart, LineChart } from "echarts/charts";
import { GridComponent, LegendComponent, TitleComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";

use([BarChart, LineChart, GridComponent, LegendComponent, TitleComponent, SVGRenderer]);

const [TOP, HEIGHT, GAP] = [66, 150, 66];

/** Legible on white; series without a colour of their own take them in turn. */
const COLOURS = ["#4f46e5", "#0d9488", "#be123c", "#ea580c", "#0284c7", "#a16207"];

export interface Panel {
  readonly title: string;
  /** ECharts' options, without the panel that they belong to. */
  readonly xAxis: object;
  readonly series: readonly object[];
}

export function drawPanels(panels: readonly Panel[], width: number): string {
  const top = (panel: number): number => TOP + panel * (HEIGHT + GAP);
  const height = top(panels.length);
  const chart = init(null, null, { renderer: "svg", ssr: true, width, height });
  chart.setOption({
    animation: false,
    backgroundColor: "#fff",
    color: COLOURS,
    // Texts are often wider than they are thought to be where no font can be measured.
    legend: { top: 8, itemGap: 28 },
    title: panels.map(({ title }, i) => ({
      text: title,
      top: top(i) - 36,
      left: 8,
      textStyle: { fontSize: 14 },
    })),
    grid: panels.map((_, i) => ({ top: top(i), height: HEIGHT, left: 80, right: 24 })),
    xAxis: panels.map(({ xAxis }, i) => ({ ...xAxis, gridIndex: i })),
    yAxis: panels.map((_, i) => ({ type: "value", gridIndex: i, min: 0 })),
    series: panels.flatMap(({ series }, i) =>
      series.map((one) => ({ ...one, xAxisIndex: i, yAxisIndex: i })),
    ),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}
