/**
 * What is wrong or missing in a service's model, and how it is put right.
 *
 * @module
 */
import type { ModelShape, ServiceModel, ShapeUse } from "./model.ts";
import { shapesUsedBy } from "./names.ts";
import type { ServiceRules } from "./tables.ts";

/** A table whose values are the reasons for its keys. */
export type Reasons = Readonly<Record<string, string>>;

/** Whether an operation may be repeated, and why. */
export interface Repetition {
  /** Whether sending it twice does what sending it once does. */
  readonly idempotent: boolean;
  /** Input members with which it does not. */
  readonly unlessGiven?: readonly string[];
  /** The reason. */
  readonly why: string;
}

/** A change to one use of a shape, and why. */
export interface UsePatch {
  /** The traits that are set. */
  readonly use: Partial<ShapeUse>;
  /** The reason. */
  readonly why: string;
}

/** The event that a stream of events ends with. */
export interface LastEvent {
  /** Name of the event. */
  readonly event: string;
  /** Where the API reference says so. */
  readonly page: string;
}

/** What the root of an operation's answer is called. */
export interface AnswerRoot {
  /** The names that were seen. */
  readonly names: readonly string[];
  /** Where they were seen. */
  readonly source: string;
}

/** The codes of one operation that its model does not name. */
export interface OperationCodes {
  /** The codes. */
  readonly codes: readonly string[];
  /** They stand instead of those of the model. */
  readonly instead?: true;
  /** Where they are said. */
  readonly source: string;
}

/** The corrections of one service. Members are named `Shape.Member`. */
export interface Corrections {
  /** Model and version, for the headers of the generated files. */
  readonly model: string;
  /** Name of the client class. */
  readonly className: string;
  /** What the service is called in prose. */
  readonly title: string;
  /** Where the API reference has the page of an operation. */
  readonly page: (operation: string) => string;
  /** Rules that hold for the whole service. */
  readonly rules?: Pick<ServiceRules, "bucketInEndpoint" | "errorInSuccess">;
  /** Operations whose HTTP method does not tell whether they may be repeated. */
  readonly repetitions: Readonly<Record<string, Repetition>>;
  /** The roots of answers, by operation, where the model does not name them. */
  readonly roots?: Readonly<Record<string, AnswerRoot>>;
  /** Shapes that are added. */
  readonly shapes?: Readonly<Record<string, ModelShape>>;
  /** Members that are added or changed. */
  readonly uses: Readonly<Record<string, UsePatch>>;
  /** Members that are secret although the model does not say so. */
  readonly secrets: Reasons;
  /** Shapes that are no secrets although the model says so. */
  readonly printed?: Reasons;
  /** Names of members that look like secrets and are none. */
  readonly harmless: Reasons;
  /**
   * Members of results that are always there, with the page that says so, and
   * without which the rest is of no use: a warning says where one is missing.
   */
  readonly alwaysThere: Reasons;
  /**
   * Other members of results that Amazon always sends, with the page that says
   * so. Lists without an element of their own are among them: they are empty.
   */
  readonly alwaysSent?: Reasons;
  /** The event that a stream ends with, by shape, with the page that says so. */
  readonly lastEvents?: Readonly<Record<string, LastEvent>>;
  /** Names of shapes that would be misread as names of types. */
  readonly names: Reasons;
  /** Types that are wider than the model's, by shape. */
  readonly types: Readonly<Record<string, { type: string; why: string }>>;
  /** Types that {@linkcode types} mentions, with the file that has them. */
  readonly typeImports: Reasons;
  /** Codes of errors that the model does not name, with the page that does. */
  readonly errorCodes: {
    readonly page: string;
    readonly codes: string[];
    /** Codes that belong to one operation. */
    readonly operations?: Readonly<Record<string, OperationCodes>>;
    /** Classes of errors that the model does not have. */
    readonly classes?: Readonly<
      Record<string, { readonly code: string; readonly doc: string }>
    >;
  };
  /** The text of the entry, and what it has beside the generated names. */
  readonly entry: {
    readonly doc: readonly string[];
    /** A program that uses it, fence and all. */
    readonly example?: string;
    readonly types: Readonly<Record<string, readonly string[]>>;
    readonly values?: Readonly<Record<string, readonly string[]>>;
  };
  /** One sentence per operation. */
  readonly summaries: Reasons;
  /**
   * A phrase per member name, for the members that everybody meets; `Key@path`:
   * only where it travels there.
   */
  readonly members: Reasons;
}

/** Names that a secret is expected under. */
const SECRET_NAME = /(Token|Secret\w*|Password)$/;

/**
 * Applies the corrections to a model.
 *
 * @throws {TypeError} If a correction is about something that the model does not
 * have, or a member looks like a secret and nobody has decided on it.
 */
export function correct(
  model: ServiceModel,
  corrections: Corrections,
): ServiceModel {
  const shapes = structuredClone({ ...model.shapes, ...corrections.shapes });
  const change = (path: string, use: Partial<ShapeUse>): void => {
    const { shape, member, members } = lookUp(path, shapes);
    const changed = { ...members[member], ...use };
    if (changed.shape === undefined) throw unknown(path);
    shapes[shape] = {
      ...shapes[shape],
      type: "structure",
      members: { ...members, [member]: { ...changed, shape: changed.shape } },
    };
  };
  for (const [path, { use }] of Object.entries(corrections.uses)) {
    change(path, use);
  }
  for (const path of Object.keys(corrections.secrets)) {
    change(path, { sensitive: true });
  }
  for (const name of Object.keys(corrections.printed ?? {})) {
    const shape = shapes[name];
    if (shape === undefined) throw unknown(name);
    shapes[name] = { ...shape, sensitive: false };
  }
  for (const path of Object.keys(corrections.alwaysThere)) {
    const { shape, member, members } = lookUp(path, shapes);
    if (members[member] === undefined) throw unknown(path);
    const required = [...shapes[shape]?.required ?? [], member];
    shapes[shape] = { ...shapes[shape], type: "structure", required };
  }
  const inputs = partsOfInputs(model);
  for (const path of Object.keys(corrections.alwaysSent ?? {})) {
    const { shape } = lookUp(path, shapes);
    if (inputs.has(shape)) {
      throw new TypeError(
        `Cannot say that ${path} is always sent: callers make ${shape}, too`,
      );
    }
    change(path, { always: true });
  }
  for (
    const [name, { event }] of Object.entries(corrections.lastEvents ?? {})
  ) {
    const path = `${name}.${event}`;
    const { shape, member, members } = lookUp(path, shapes);
    if (members[member] === undefined) throw unknown(path);
    shapes[shape] = {
      ...shapes[shape],
      type: "structure",
      lastEvent: member,
    };
  }
  const corrected = { ...model, shapes };
  checkSecrets(corrected, corrections);
  return corrected;
}

/** The rules for the tables that follow from the corrections. */
export function rulesOf(
  { rules, repetitions, roots }: Corrections,
): ServiceRules {
  const entries = Object.entries(repetitions);
  return {
    ...rules,
    ...roots && {
      roots: Object.fromEntries(
        Object.entries(roots).map(([name, { names }]) => [name, names]),
      ),
    },
    idempotent: Object.fromEntries(
      entries.map(([name, { idempotent }]) => [name, idempotent]),
    ),
    unlessGiven: Object.fromEntries(
      entries.flatMap(([name, { unlessGiven }]) =>
        unlessGiven === undefined ? [] : [[name, unlessGiven]]
      ),
    ),
  };
}

/** The structures that callers give, be it in lists or maps. */
function partsOfInputs(
  { operations, shapes }: ServiceModel,
): ReadonlySet<string> {
  const found = new Set(
    Object.values(operations).flatMap(({ input }) => input?.shape ?? []),
  );
  for (const name of found) {
    const shape = shapes[name];
    if (shape !== undefined) {
      shapesUsedBy(shape).forEach((one) => found.add(one));
    }
  }
  return found;
}

function checkSecrets(model: ServiceModel, { harmless }: Corrections): void {
  const undecided = Object.entries(model.shapes).flatMap(([name, shape]) =>
    Object.entries(shape.members ?? {})
      .filter(([member]) => SECRET_NAME.test(member))
      .filter(([member]) => harmless[member] === undefined)
      .filter(([, use]) =>
        !(use.sensitive ?? model.shapes[use.shape]?.sensitive)
      )
      .map(([member]) => `${name}.${member}`)
  );
  if (undecided.length > 0) {
    throw new TypeError(
      `Cannot tell whether these members are secret; list them in the corrections, under secrets or harmless: ${
        undecided.join(", ")
      }`,
    );
  }
}

interface Place {
  readonly shape: string;
  readonly member: string;
  readonly members: Readonly<Record<string, ShapeUse>>;
}

function lookUp(
  path: string,
  shapes: Readonly<Record<string, ModelShape>>,
): Place {
  const [shape = "", member = ""] = path.split(".");
  const members = shapes[shape]?.members;
  if (members === undefined) throw unknown(path);
  return { shape, member, members };
}

function unknown(path: string): TypeError {
  return new TypeError(
    `Cannot correct ${path}: the model has no such member`,
  );
}
