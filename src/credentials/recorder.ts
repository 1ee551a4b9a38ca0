/**
 * What a program asks of the machine, as the flags that permit it.
 *
 * @module
 */
import type { Transport } from "../ports/http.ts";
import type { Found, System } from "../ports/system.ts";

/** Kinds of permission, in the order of a command line. */
const KINDS = ["net", "env", "read", "write", "run"] as const;

type Kind = typeof KINDS[number];

/** A permission, and whether there was something to be had with it. */
interface Use {
  readonly kind: Kind;
  readonly name: string;
  readonly found: boolean;
}

/**
 * Watches a machine and a transport. What is not there needs no permission: to a
 * program that may not look it is not there either.
 */
export class PermissionRecorder {
  #uses: Use[] = [];

  /**
   * A machine that is watched.
   *
   * @param inner The machine.
   */
  system(inner: System): System {
    const note = <T>(kind: Kind, name: string, found: Found<T>): Found<T> => {
      this.#uses.push({ kind, name, found: found.kind === "found" });
      return found;
    };
    return {
      ...inner.windows !== undefined && { windows: inner.windows },
      env: (name) => note("env", name, inner.env(name)),
      readText: async (path) => note("read", path, await inner.readText(path)),
      stat: async (path) => note("read", path, await inner.stat(path)),
      writePrivate: async (path, text) => {
        const folder = path.replace(/[/\\][^/\\]*$/, "") || "/";
        const written = await inner.writePrivate(path, text);
        // The file takes its place by being renamed, which reads the folder.
        note("read", folder, written);
        return note("write", folder, written);
      },
      run: async (command, args, signal) =>
        note("run", command, await inner.run(command, args, signal)),
    };
  }

  /**
   * A transport that is watched.
   *
   * @param inner The transport; it stays its owner's to close.
   */
  transport(inner: Transport): Transport {
    return {
      ...inner.limits && { limits: inner.limits },
      send: async (request, options) => {
        const answer = await inner.send(request, options);
        const { host } = new URL(request.origin);
        this.#uses.push({ kind: "net", name: host, found: true });
        return answer;
      },
      [Symbol.dispose]: () => {},
    };
  }

  /** Hands out what was used since the last time, and forgets it. */
  take(): Permissions {
    const uses = this.#uses;
    this.#uses = [];
    return new Permissions(uses);
  }
}

/** Permissions, to be put together to a line. */
export class Permissions {
  readonly #uses: readonly Use[];

  /**
   * Makes a set of permissions.
   *
   * @param uses What was used.
   */
  constructor(uses: readonly Use[] = []) {
    this.#uses = uses;
  }

  /** These and others. */
  and(other: Permissions): Permissions {
    return new Permissions([...this.#uses, ...other.#uses]);
  }

  /** These, those for what is not there among them. */
  whole(): Permissions {
    return new Permissions(this.#uses.map((use) => ({ ...use, found: true })));
  }

  /** These and hosts. */
  withHosts(hosts: readonly string[]): Permissions {
    const uses = hosts.map((name): Use => ({ kind: "net", name, found: true }));
    return new Permissions([...this.#uses, ...uses]);
  }

  /** The flags, one for each kind, names in the order of the alphabet. */
  flags(): readonly string[] {
    return KINDS.flatMap((kind) => {
      const names = this.#uses.filter((use) => use.kind === kind && use.found)
        .map(({ name }) => name);
      const distinct = [...new Set(names)].sort();
      return distinct.length === 0
        ? []
        : [`--allow-${kind}=${distinct.join(",")}`];
    });
  }
}
