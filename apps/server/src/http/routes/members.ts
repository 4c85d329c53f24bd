// /v1/cluster/members: the members of the cluster, and changes of them.
import type { FastifyPluginCallbackZod } from "fastify-type-provider-zod";
import type { FastifyReply } from "fastify";
import type { ServerResponse } from "node:http";
import type { ChangedMembership, MembershipProgress } from "raftkit";
import type { KvNode } from "../../kv-calls.js";
import { errorBody, HttpError, toHttpError } from "../errors.js";
import { refuseForeignPages } from "../foreign-pages.js";
import { toJson } from "../json.js";
import { jsonBody } from "../json-body.js";
import { membersOf, targetOf } from "../member-changes.js";
import type { RequestLifecycle } from "../request-lifecycle.js";
import { refusals } from "../schemas/answers.js";
import { changeBody, changed, members } from "../schemas/cluster.js";
import type { ChangedAnswer } from "../schemas/cluster.js";
import { noQuery } from "../schemas/request.js";

type MembersNode = Pick<KvNode, "status" | "changeMembership" | "ready">;

const LINES = "application/x-ndjson";

/**
 * @param node throws while there is none
 * @param httpAddress of a node, if this one knows it
 */
export function membersRoutes(
  node: () => MembersNode,
  httpAddress: (id: string) => string | undefined,
): FastifyPluginCallbackZod {
  return (app, _options, done) => {
    app.route({
      method: "GET",
      url: "/v1/cluster/members",
      config: { label: "members" },
      schema: {
        summary: "The members of the cluster",
        querystring: noQuery,
        response: { 200: members, ...refusals(503) },
      },
      handler: (_request, reply) => {
        reply.header("cache-control", "no-store");
        reply.send(membersOf(node().status(), httpAddress));
      },
    });
    app.route({
      method: "POST",
      url: "/v1/cluster/members",
      config: { label: "members" },
      schema: {
        summary: "Change the members of the cluster",
        querystring: noQuery,
        describedJson: changeBody,
        response: { 200: changed, ...refusals(400, 403, 404, 409, 503, 504) },
      },
      handler: async ({ raw, call, headers }, reply) => {
        refuseForeignPages(raw, "members are changed");
        const change = await jsonBody(call, changeBody);
        // A node that lags doesn't know who is a member by now.
        if (change.add ?? change.remove) await node().ready({ signal: call.signal });
        const { to, expected } = targetOf(change, node().status());
        const lines = headers.accept?.includes(LINES) === true ? new Lines(reply, call) : undefined;
        const changing = node().changeMembership(to, {
          signal: call.signal,
          ...(expected !== undefined && { expected }),
          ...(lines && { onProgress: (progress) => lines.progress(progress) }),
        });
        if (!lines) return answerOf(await changing);
        return lines.end(changing.then(answerOf));
      },
    });
    done();
  };
}

function answerOf({ configuration, configurationIndex }: ChangedMembership): ChangedAnswer {
  const { voters, learners } = configuration;
  const ids = (of: typeof voters): string[] => of.map(({ id }) => id);
  return { index: configurationIndex, voters: ids(voters), learners: ids(learners) };
}

/** An answer whose lines are sent as they come; an immediate refusal is an ordinary answer. */
class Lines {
  readonly #reply: FastifyReply;
  readonly #call: RequestLifecycle;
  #response: ServerResponse | undefined;

  constructor(reply: FastifyReply, call: RequestLifecycle) {
    this.#reply = reply;
    this.#call = call;
  }

  progress(progress: MembershipProgress): void {
    this.#write({ progress });
  }

  /** @throws the change's refusal, if there was no progress */
  async end(changing: Promise<ChangedAnswer>): Promise<void> {
    try {
      const done = await changing;
      this.#write({ done });
    } catch (error) {
      if (!this.#response) throw error;
      const known = toHttpError(error) ?? new HttpError(500, "internal", "the change failed");
      this.#write(errorBody(known));
    }
    this.#response?.end();
    this.#call.answered();
  }

  #write(line: object): void {
    if (!this.#response) {
      this.#reply.hijack();
      this.#response = this.#reply.raw;
      this.#response.writeHead(200, {
        "content-type": LINES,
        "cache-control": "no-store",
        // A request pipelined after it would wait for minutes.
        connection: "close",
      });
    }
    this.#response.write(toJson(line));
  }
}
