// What a trial asks its nodes, each a process of its own, and what they answer.

export type Question =
  | { readonly number: number; readonly type: "status" }
  | {
      readonly number: number;
      readonly type: "propose";
      readonly bytes: number;
      readonly timeoutMs: number;
    };

export interface Answer {
  /** That of the question. */
  readonly number: number;
  readonly role: "follower" | "candidate" | "leader" | null;
  readonly term: number;
  /** Of a proposal: "done", or why it wasn't. */
  readonly outcome: string;
}
