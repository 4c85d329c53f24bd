// The last entries of each node's log, side by side.
import type { LogPicture } from "@raftkit-app/views";
import { LogTable } from "@raftkit-app/views";
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { NodePicture, Picture } from "./picture.js";

const COLUMN_PX = 89;
/** The card's edges, and the nodes' names; their roles are left out where there is little room. */
const REST_PX = 150;
const LEAST_REST_PX = 90;
const NARROW_PX = 900;

/** As many entries as fit: what came last is seen without scrolling. */
export function Logs({ picture: { nodes } }: { readonly picture: Picture }): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const [columns, setColumns] = useState(1);
  useEffect(() => {
    const { current } = box;
    if (!current) return;
    const resized = new ResizeObserver(() => {
      const rest = innerWidth > NARROW_PX ? REST_PX : LEAST_REST_PX;
      setColumns(Math.max(2, Math.floor((current.clientWidth - rest) / COLUMN_PX)));
    });
    resized.observe(current);
    return () => resized.disconnect();
  }, []);
  return (
    <div ref={box}>
      <LogTable logs={nodes.flatMap(logOf)} columnsMax={columns} />
    </div>
  );
}

function logOf({ id, role, state, raft }: NodePicture): LogPicture[] {
  if (!raft) return [];
  const { term, baseIndex, log, commitIndex, lastApplied, durableIndex } = raft;
  return [
    {
      id,
      term,
      role,
      state: state === "up" ? "up" : "down",
      baseIndex,
      entries: log,
      commitIndex,
      appliedIndex: lastApplied,
      durableIndex,
    },
  ];
}
