// Play, pause, single events, and the speed.
import type { JSX } from "preact";
import { useChanges } from "./hooks.js";
import { milliseconds } from "./words.js";
import type { Store } from "./store.js";
import { SPEEDS } from "./store.js";

export function Controls({ store }: { readonly store: Store }): JSX.Element {
  useChanges(store);
  const { isPlaying, picture } = store;
  return (
    <div class="controls" role="toolbar" aria-label="Playing">
      <button
        type="button"
        onClick={() => store.back()}
        disabled={picture.events === 0}
        title="One event back (left arrow)"
        aria-label="One event back"
      >
        <Icon path="M5 4h2v12H5zM16 4v12L8 10z" />
      </button>
      <button
        type="button"
        class="primary play"
        onClick={() => (isPlaying ? store.pause() : store.play())}
        title="Play or pause (space)"
      >
        <Icon path={isPlaying ? "M5 4h4v12H5zM11 4h4v12h-4z" : "M6 4l11 6-11 6z"} />
        {isPlaying ? "Pause" : "Play"}
      </button>
      <button
        type="button"
        onClick={() => store.stepEvent()}
        title="The next event (right arrow)"
        aria-label="The next event"
      >
        <Icon path="M13 4h2v12h-2zM4 4l8 6-8 6z" />
      </button>
      <label class="speed">
        Speed
        <select
          value={String(store.msPerSecond)}
          onChange={({ currentTarget }) => {
            store.msPerSecond = Number(currentTarget.value);
          }}
        >
          {SPEEDS.map(({ msPerSecond, name }) => (
            <option key={name} value={String(msPerSecond)}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <output class="clock" aria-label="Simulated time">
        {milliseconds(picture.now)} <small>event {picture.events}</small>
      </output>
    </div>
  );
}

function Icon({ path }: { readonly path: string }): JSX.Element {
  return (
    <svg viewBox="0 0 20 20" class="icon" aria-hidden="true">
      <path d={path} />
    </svg>
  );
}
