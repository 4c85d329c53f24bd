// How the report looks, by day and by night. No address in it: the page loads nothing.
export const STYLE: string = `
:root {
  color-scheme: light dark; --bg: #fbfbfa; --text: #1f2328; --quiet: #667079; --line: #d9dde1;
  --card: #ffffff; --good: #1a7f45; --bad: #c62a2f; --process: #b3541e; --link: #6a4bc4;
  --member: #0b7285; --up: #d8ebdd; --starting: #f3e6b3; --down: #5a6169; --paused: #79b4c9;
  --wiped: #c62a2f; --leader: #1a7f45; --on-leader: #ffffff; --done: #3d7fd0; --refused: #c3c9cf;
  --unknown: #e0a03a; --wrong: #d6336c; --outage: #e8505b; --p50: #0f8b8d; --p99: #a4307f;
}
@media (prefers-color-scheme: dark) {
  :root {
    --bg: #14171a; --text: #e3e6e9; --quiet: #98a1aa; --line: #30363c; --card: #1b1f23;
    --good: #4cc27e; --bad: #ff6b6b; --process: #e58a4e; --link: #a68cf0; --member: #66d9e8;
    --up: #23392c; --starting: #58501f; --down: #7d868f; --paused: #5aa3ba; --wiped: #ff6b6b;
    --leader: #4cc27e; --on-leader: #0d1a12; --done: #5b9bea; --refused: #4a525a;
    --unknown: #e0a03a; --wrong: #f06595; --outage: #ff8787; --p50: #3fc1c4; --p99: #e07bbf;
  }
}
body {
  margin: 0 auto; padding: 24px; max-width: 1240px; background: var(--bg); color: var(--text);
  font: 15px/1.5 system-ui, sans-serif;
}
h1 { font-size: 24px; margin: 0 0 4px; }
h2 { font-size: 17px; margin: 32px 0 8px; }
p { margin: 4px 0; }
.quiet { color: var(--quiet); }
.ok { color: var(--good); font-weight: 600; }
.failed { color: var(--bad); font-weight: 600; }
.figures { display: flex; flex-wrap: wrap; gap: 12px; margin: 20px 0; padding: 0; }
.figures div {
  flex: 0 1 auto; background: var(--card); border: 1px solid var(--line); border-radius: 8px;
  padding: 8px 14px;
}
.figures b { display: block; font-size: 20px; }
.figures span { color: var(--quiet); font-size: 13px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
td, th {
  text-align: left; vertical-align: top; padding: 4px 14px 4px 0; border-top: 1px solid var(--line);
}
th { color: var(--quiet); font-weight: 500; border: 0; }
td.when { font-variant-numeric: tabular-nums; white-space: nowrap; }
td.name { white-space: nowrap; }
pre { margin: 0; font: 13px/1.5 ui-monospace, monospace; white-space: pre; }
.legend {
  display: flex; flex-wrap: wrap; gap: 2px 16px; margin: 2px 0; color: var(--quiet); font-size: 13px;
}
.legend b { font-weight: 500; color: var(--text); }
.legend svg {
  width: 12px; height: 12px; min-width: 0; display: inline; margin-right: 5px; vertical-align: -1px;
}
svg {
  display: block; width: 100%; min-width: 860px; font: 12px system-ui, sans-serif;
  fill: var(--text);
}
.title { font-weight: 600; font-size: 14px; }
.label { text-anchor: end; dominant-baseline: central; fill: var(--quiet); }
.mark { text-anchor: middle; fill: var(--quiet); }
.grid { stroke: var(--line); stroke-width: 0.7; }
.healed { stroke: var(--good); stroke-dasharray: 4 3; }
.healed-text { text-anchor: end; fill: var(--good); }
.outage { fill: var(--outage); opacity: 0.13; }
.process-fault { fill: var(--process); }
.link-fault { fill: var(--link); }
.member-fault { fill: var(--member); }
.no-effect { opacity: 0.35; }
.state-up { fill: var(--up); }
.state-starting { fill: var(--starting); }
.state-down { fill: var(--down); }
.state-paused { fill: var(--paused); }
.state-wiped { fill: var(--wiped); }
.leader { fill: var(--leader); }
.term { fill: var(--on-leader); text-anchor: middle; dominant-baseline: central; font-size: 10px; }
#charts { min-width: 860px; }
summary { cursor: pointer; color: var(--quiet); }
@media (max-width: 640px) {
  body { padding: 16px 12px; }
  .figures { gap: 8px; }
  .figures div { flex: 1 1 120px; }
  table, tbody, tr { display: block; }
  tr { padding: 6px 0; border-top: 1px solid var(--line); }
  tr.head { display: none; }
  td { display: inline-block; padding: 0 10px 0 0; border: 0; white-space: normal; }
  td.more { display: block; overflow-x: auto; }
}
`;
