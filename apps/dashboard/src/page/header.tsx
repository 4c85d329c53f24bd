// Which cluster this is, how it is, and whether the page still hears of it.
import type { JSX } from "preact";
import type { Picture } from "./picture.js";
import type { Store } from "./store.js";

export function Header({ store }: { readonly store: Store }): JSX.Element {
  const { picture, isLive } = store;
  return (
    <header>
      <h1>
        <span class="brand">raftkit</span> dashboard
      </h1>
      <p class="summary">{picture && summaryOf(picture)}</p>
      <p class={`connection ${isLive ? "live" : "lost"}`} role="status">
        {isLive ? "Live" : "Connecting…"}
      </p>
      <p class="message" role="status">
        {store.message || (picture?.cluster?.underWay ?? "")}
      </p>
    </header>
  );
}

function summaryOf({ nodes, leader, cluster }: Picture): JSX.Element {
  const up = nodes.filter(({ state }) => state === "up").length;
  return (
    <>
      {leader ? (
        <>
          <b>{leader.id}</b> leads in term <b>{leader.term}</b>
        </>
      ) : (
        <b>no leader</b>
      )}
      {cluster && (
        <>
          {" · "}
          {up} of {nodes.length} up
        </>
      )}
    </>
  );
}
