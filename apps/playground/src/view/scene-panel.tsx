// What a scene says at its present step, and the way to the next one.
import type { JSX } from "preact";
import { useChanges } from "./hooks.js";
import type { Store } from "./store.js";

export function ScenePanel({ store }: { readonly store: Store }): JSX.Element {
  useChanges(store);
  const { run } = store;
  const { scene, step, stepNumber } = run;
  if (!scene || !step) return <FreePlay />;
  return (
    <section class="card scene" aria-labelledby="scene-title">
      <p class="subtitle">{scene.subtitle}</p>
      <h2 id="scene-title">{step.title}</h2>
      <p class="story" aria-live="polite">
        {step.text}
      </p>
      <ol class="steps" aria-label="Steps of this scene">
        {scene.steps.map(({ title }, i) => (
          <li key={title}>
            <button
              type="button"
              class={i + 1 <= stepNumber ? "past" : ""}
              aria-label={`Step ${i + 1}: ${title}`}
              aria-current={i + 1 === stepNumber ? "step" : undefined}
              title={title}
              onClick={() => store.goToStep(i + 1)}
            />
          </li>
        ))}
      </ol>
      <div class="row">
        <Forward store={store} />
        <span class="quiet">
          {stepNumber} of {scene.steps.length}
        </span>
      </div>
    </section>
  );
}

function Forward({ store }: { readonly store: Store }): JSX.Element {
  const { run } = store;
  if (!run.isWaiting) {
    return (
      <>
        {!store.isPlaying && (
          <button type="button" class="primary" onClick={() => store.play()}>
            Watch this step
          </button>
        )}
        <button type="button" onClick={() => store.skip()}>
          Skip to the end
        </button>
      </>
    );
  }
  if (!run.hasNextStep) {
    return <p class="quiet">The scene is over. Play on: it is a real cluster.</p>;
  }
  return (
    <button type="button" class="primary" onClick={() => store.play()}>
      Next step
    </button>
  );
}

function FreePlay(): JSX.Element {
  return (
    <section class="card scene" aria-labelledby="scene-title">
      <p class="subtitle">Free play</p>
      <h2 id="scene-title">Break it, if you can</h2>
      <p class="story">
        Every node runs the unchanged core of raftkit, on simulated time. Press Play and wait for a
        leader. Then send requests, crash nodes, cut links, and click on a message to drop or delay
        it. Whatever you do, the nodes never disagree about what is committed.
      </p>
    </section>
  );
}
