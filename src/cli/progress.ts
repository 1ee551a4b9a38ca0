/**
 * How far a transfer is, for people: a line that changes on a terminal, one line
 * at the end in a pipe.
 *
 * @module
 */
import { bytesText, type CliIo, countText } from "./command.ts";

/** How far it is. */
export interface ProgressFacts {
  readonly bytes: number;
  readonly total?: number;
  readonly files: number;
  readonly totalFiles: number;
  readonly failed: number;
  /** What was deleted. Default: nothing. */
  readonly deleted?: number;
}

/** Least time between two changes of the line, in milliseconds. */
const STEP_MS = 100;

/** Shows progress on standard error. */
export class ProgressLine {
  readonly #io: CliIo;
  readonly #now: () => number;
  readonly #start: number;
  readonly #changes: boolean;
  #facts: ProgressFacts;
  #shownAt = -Infinity;
  #isShown = false;

  /**
   * Starts at 0.
   *
   * @param io Where it is shown.
   * @param totalFiles Number of files there are.
   * @param now The time, in milliseconds.
   * @param toOutput Whether the bytes go to standard output: a line that changes
   * would stand among them.
   */
  constructor(
    io: CliIo,
    totalFiles: number,
    now: () => number = Date.now,
    toOutput = false,
  ) {
    this.#io = io;
    this.#changes = io.isTerminal && !toOutput;
    this.#now = now;
    this.#start = now();
    this.#facts = { bytes: 0, files: 0, totalFiles, failed: 0 };
  }

  /** Takes what is known now. */
  update(facts: Partial<ProgressFacts>): void {
    this.#facts = { ...this.#facts, ...facts };
    if (!this.#changes || this.#now() - this.#shownAt < STEP_MS) return;
    this.#shownAt = this.#now();
    this.#isShown = true;
    const line = progressText(this.#facts, this.#now() - this.#start)
      .slice(0, Math.max(1, this.#io.columns() - 1));
    void this.#io.writeError(`\r${line}\x1b[K`);
  }

  /** Prints a line above the one that changes. */
  async log(line: string): Promise<void> {
    await this.clear();
    await this.#io.writeError(`${line}\n`);
  }

  /** Takes the line away. */
  async clear(): Promise<void> {
    if (!this.#isShown) return;
    this.#isShown = false;
    this.#shownAt = -Infinity;
    await this.#io.writeError("\r\x1b[K");
  }

  /** Prints what it came to. */
  async end(verb: string): Promise<void> {
    await this.clear();
    const ms = this.#now() - this.#start;
    const { bytes, files, failed, deleted = 0 } = this.#facts;
    const rate = ms > 0
      ? ` (${bytesText(Math.round(bytes / ms * 1_000))}/s)`
      : "";
    const deletes = deleted > 0 ? `, ${deleted} deleted` : "";
    const failures = failed > 0 ? `, ${failed} failed` : "";
    await this.#io.writeError(
      `${verb} ${countText(files, "file")}, ${bytesText(bytes)} in ${
        (ms / 1_000).toFixed(1)
      } s${rate}${deletes}${failures}\n`,
    );
  }
}

/** Files, bytes, rate and the time that is left. */
export function progressText(
  { bytes, total, files, totalFiles, failed }: ProgressFacts,
  ms: number,
): string {
  const rate = ms > 0 ? bytes / ms * 1_000 : 0;
  const parts = [
    `${files}/${countText(totalFiles, "file")}`,
    total === undefined
      ? bytesText(bytes)
      : `${bytesText(bytes)} of ${bytesText(total)}`,
    ...total ? [`${Math.floor(bytes / total * 100)}%`] : [],
    `${bytesText(Math.round(rate))}/s`,
    ...total !== undefined && rate > 0
      ? [`${timeText((total - bytes) / rate)} left`]
      : [],
    ...failed > 0 ? [`${failed} failed`] : [],
  ];
  return parts.join("  ");
}

function timeText(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds));
  const two = (number: number): string => String(number).padStart(2, "0");
  const [hours, minutes] = [
    Math.floor(whole / 3_600),
    Math.floor(whole / 60) % 60,
  ];
  return hours > 0
    ? `${hours}:${two(minutes)}:${two(whole % 60)}`
    : `${minutes}:${two(whole % 60)}`;
}
