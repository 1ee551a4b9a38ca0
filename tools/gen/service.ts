/**
 * A service, ready to be printed.
 *
 * @module
 */
import { correct, type Corrections, rulesOf } from "./corrections.ts";
import type { Pagination, ServiceModel, Waiter } from "./model.ts";
import { type Names, namesOf } from "./names.ts";
import { type ServiceTables, tablesFrom } from "./tables.ts";

/** The files of a model. */
export interface ModelFiles {
  readonly model: ServiceModel;
  readonly pagination: Readonly<Record<string, Pagination>>;
  readonly waiters: Readonly<Record<string, Waiter>>;
}

/** All that the printers need to know of a service. */
export interface Service extends ModelFiles {
  readonly corrections: Corrections;
  readonly names: Names;
  readonly tables: ServiceTables;
}

/** Corrects a model, and makes its names and tables. */
export function serviceFrom(
  files: ModelFiles,
  corrections: Corrections,
): Service {
  const model = correct(files.model, corrections);
  return {
    ...files,
    model,
    corrections,
    names: namesOf(model, corrections),
    tables: tablesFrom(model, rulesOf(corrections)),
  };
}
