import { BaseHandler, type BaseHandlerOptions } from "./base_handler.ts";
import type { LevelName } from "./levels.ts";
import type { LogRecord } from "./record.ts";

/** Settings of a {@linkcode ConsoleHandler}. */
export interface ConsoleHandlerOptions extends BaseHandlerOptions {
  /** Colours the text by level, unless colours are off; on by default. */
  useColors?: boolean;
}

const ESCAPE = String.fromCharCode(27);
const DEFAULT_COLOUR = 39;
const COLOURS: Readonly<Record<string, number>> = {
  INFO: 34,
  WARN: 33,
  ERROR: 31,
  CRITICAL: 31,
};

/** Writes to the console, every level with `console.log`. */
export class ConsoleHandler extends BaseHandler {
  #useColors: boolean;

  /** Creates a handler that drops everything below the level. */
  constructor(levelName: LevelName, options: ConsoleHandlerOptions = {}) {
    super(levelName, options);
    this.#useColors = options.useColors ?? true;
  }

  /** Turns a record into text, in the colour of its level. */
  override format(logRecord: LogRecord): string {
    const text = super.format(logRecord);
    const colour = COLOURS[logRecord.levelName];
    // As in the real package: other runtimes have no such setting.
    const noColor = "Deno" in globalThis && Deno.noColor;
    if (!this.#useColors || colour === undefined || noColor) return text;
    const painted = paint(text, colour, DEFAULT_COLOUR);
    return logRecord.levelName === "CRITICAL" ? paint(painted, 1, 22) : painted;
  }

  /** Writes a line. */
  log(msg: string): void {
    console.log(msg);
  }
}

/** Wraps a text in terminal codes; where it ends them they begin anew. */
function paint(text: string, open: number, close: number): string {
  const start = `${ESCAPE}[${open}m`;
  const end = `${ESCAPE}[${close}m`;
  return `${start}${text.replaceAll(end, start)}${end}`;
}
