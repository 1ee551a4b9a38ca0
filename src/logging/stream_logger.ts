/**
 * Messages on the console's error stream, as boto3's `set_stream_logger` shows
 * them.
 *
 * @module
 */
import { ConfigError } from "../foundation/errors.ts";
import { type LogSink, logSink, setLogSink } from "../foundation/log.ts";
import type { LogFields, LogLevel } from "../ports/logger.ts";
import {
  DEFAULT_FORMAT,
  isLevel,
  lineOf,
  type LogFormat,
  reaches,
  withFields,
} from "./line.ts";

/** The loggers of the library, below `inia`. */
const LOGGERS = ["endpoint", "retry", "credentials", "parsers", "transport"];

interface Rule {
  readonly level: LogLevel;
  readonly format: LogFormat;
}

/** What a {@linkcode StreamSink} writes with. */
export interface StreamSinkOptions {
  /** Takes a line. Default: the console's error stream. */
  readonly write?: (line: string) => void;
  /** The current time. Default: the machine's. */
  readonly now?: () => Date;
}

/** Writes the messages of some loggers as lines. */
export class StreamSink implements LogSink {
  readonly #rules = new Map<string, Rule>();
  /** The rule of each name that was asked for; there are few names. */
  readonly #found = new Map<string, Rule | undefined>();
  readonly #write: (line: string) => void;
  readonly #now: () => Date;

  /**
   * Makes a sink that is silent until it has a rule.
   *
   * @param options What it writes with.
   */
  constructor(options: StreamSinkOptions = {}) {
    const {
      write = (line) => globalThis.console.error(line),
      now = () => new Date(),
    } = options;
    this.#write = write;
    this.#now = now;
  }

  /**
   * Shows a logger and all below it. What is said for a longer name counts more
   * than what is said for a shorter one.
   *
   * @param name Name of the logger; `""` for all.
   * @param level The least level that is shown.
   * @param format How a line looks.
   */
  show(name: string, level: LogLevel, format: LogFormat): void {
    this.#rules.set(name, { level, format });
    this.#found.clear();
  }

  enabled(level: LogLevel, name: string): boolean {
    const rule = this.#ruleFor(name);
    return rule !== undefined && reaches(level, rule.level);
  }

  write(
    level: LogLevel,
    name: string,
    message: string,
    fields?: LogFields,
  ): void {
    const { format = DEFAULT_FORMAT } = this.#ruleFor(name) ?? {};
    const record = {
      time: this.#now(),
      level,
      name,
      message: withFields(message, fields),
    };
    this.#write(lineOf(record, format));
  }

  #ruleFor(name: string): Rule | undefined {
    const known = this.#found.get(name);
    if (known !== undefined || this.#found.has(name)) return known;
    const rule = this.#search(name);
    this.#found.set(name, rule);
    return rule;
  }

  #search(name: string): Rule | undefined {
    let prefix = name;
    while (prefix !== "") {
      const rule = this.#rules.get(prefix);
      if (rule !== undefined) return rule;
      prefix = prefix.slice(0, Math.max(0, prefix.lastIndexOf(".")));
    }
    return this.#rules.get("");
  }
}

/**
 * Shows what the library does on the console's error stream, of sessions too
 * that were made before, unless they were given a logger of their own. Each call
 * adds to the ones before.
 *
 * @param name Name of the logger to show, with all below it. Default: `"inia"`,
 * which is everything.
 * @param level The least level that is shown. Default: `"debug"`.
 * @param format How a line looks. Default: as in boto3.
 * @throws {ConfigError} If there is no such level, or the logger is no one of
 * this library's.
 */
export function setStreamLogger(
  name = "inia",
  level: LogLevel = "debug",
  format: LogFormat = DEFAULT_FORMAT,
): void {
  if (!isLevel(level)) {
    throw new ConfigError(
      "InvalidConfigError",
      `Cannot show messages of level "${level}": allowed is "debug", "info", "warn", "error"`,
    );
  }
  if (name !== "" && !/^inia(?:\.|$)/.test(name)) {
    throw new ConfigError(
      "InvalidConfigError",
      `Cannot show the logger "${name}": there are "inia" and below it ${
        LOGGERS.map((logger) => `"inia.${logger}"`).join(", ")
      }${ours(name)}`,
    );
  }
  const current = logSink();
  const sink = current instanceof StreamSink ? current : new StreamSink();
  sink.show(name, level, format);
  setLogSink(sink);
}

/** What a logger of botocore is here. */
function ours(name: string): string {
  const [, below = ""] = /^(?:boto3|botocore)(?:\.(\w+))?/.exec(name) ?? [];
  if (!/^boto(?:3|core)/.test(name)) return "";
  const same = LOGGERS.includes(below) ? `inia.${below}` : "inia";
  return `; what boto3 logs as "${name}" is "${same}" here`;
}

/** Makes the library silent again. Loggers given to sessions are not touched. */
export function stopLogging(): void {
  setLogSink(undefined);
}
