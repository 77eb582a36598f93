/** The processing role: keeps nothing between lines, so any processor can take the next one. */
import { StatusError } from '@skerry/kernel';
import { auth, data, processing } from '@skerry/proto';
import { knownButAbsent, commands, parseCommand } from '@skerry/protocol-ftp';
import { RoleCaller } from '@skerry/runtime-discovery';
import type { CallContext } from '@skerry/runtime-rpc';
import type { Service, ServiceEnvironment } from '@skerry/runtime-host';
import type { Counter, Histogram, Telemetry } from '@skerry/runtime-telemetry';
import { pause, type Clock } from '@skerry/runtime-world';
import { execute, type ExecuteParts } from './execute.ts';
import { linesInFlightMax, tryMaxMs } from './limits.ts';
import type { Config } from './settings.ts';

export async function start(config: Config, environment: ServiceEnvironment): Promise<Service> {
  const { sealer, world, revocations, telemetry, rpc } = environment;
  const parts: ExecuteParts = {
    sealer,
    clock: world.clock,
    revocations,
    telemetry,
    auth: new RoleCaller(environment, { role: 'auth', definition: auth.AuthServiceDefinition, sticky: true, tryMaxMs }),
    data: new RoleCaller(environment, { role: 'data', definition: data.DataServiceDefinition, sticky: true, tryMaxMs }),
    hosts: config.ftpHosts.map((name) => name.toLowerCase()),
    deadlineMs: config.ftpBackendDeadlineMs,
  };
  const desk = new Desk(parts, telemetry);
  rpc.serve(
    processing.ProcessingServiceDefinition,
    { execute: (request, context) => desk.execute(request, context) },
    { execute: ['routing'] },
  );
  return {
    endpoints: {},
    load: () => desk.underWay,
    status: () => ({ linesUnderWay: desk.underWay, linesDone: desk.done, linesFailed: desk.failed }),
    stop: (graceMs) => desk.stop(graceMs),
  };
}

/** Lines under way, counted and measured. */
class Desk {
  underWay = 0;
  done = 0;
  failed = 0;
  readonly #parts: ExecuteParts;
  readonly #clock: Clock;
  readonly #lines: Counter;
  readonly #seconds: Histogram;
  #stopping = false;
  #idle: (() => void) | undefined;

  constructor(parts: ExecuteParts, telemetry: Telemetry) {
    this.#parts = parts;
    this.#clock = parts.clock;
    this.#lines = telemetry.counter('ftp_lines_total', 'Command lines executed, by verb and reply.', ['verb', 'reply']);
    this.#seconds = telemetry.histogram('ftp_line_seconds', 'Time to execute a command line.');
  }

  async execute(
    request: processing.ExecuteRequest,
    caller: Pick<CallContext, 'signal'>,
  ): Promise<processing.ExecuteResponse> {
    if (this.#stopping) throw new StatusError('shutting_down', 'This processor takes no more lines: it is stopping');
    if (this.underWay >= linesInFlightMax)
      throw new StatusError('overloaded', `This processor has ${linesInFlightMax} lines under way; ask another`);
    this.underWay += 1;
    const startedMs = this.#clock.monotonicMs();
    try {
      const response = await execute(this.#parts, request, caller);
      this.done += 1;
      this.#lines.add(1, { verb: verbOf(request.line), reply: replyOf(response) });
      return response;
    } catch (thrown) {
      this.failed += 1;
      throw thrown;
    } finally {
      this.#seconds.observe((this.#clock.monotonicMs() - startedMs) / 1000);
      this.underWay -= 1;
      if (this.underWay === 0) this.#idle?.();
    }
  }

  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    if (this.underWay === 0) return;
    const waiting = new AbortController();
    this.#idle = () => waiting.abort();
    await pause(this.#clock, graceMs, waiting.signal);
  }
}

/** A label from a closed list: what clients invent must not make metrics without end. */
function verbOf(line: Uint8Array): string {
  const command = parseCommand(line);
  if (!command.ok) return 'malformed';
  const { verb } = command.value;
  return commands.has(verb) || knownButAbsent.has(verb) ? verb : 'unknown';
}
/** The first reply's code, or what the router does instead of replying at once. */
function replyOf({ directives }: processing.ExecuteResponse): string {
  const kind = directives[0]?.kind;
  return kind?.$case === 'reply' ? String(kind.value.code) : (kind?.$case ?? 'none');
}
