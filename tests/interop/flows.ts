/**
 * Stories that are told to real servers, and to recordings of them.
 *
 * @module
 */
import { CONDITIONS } from "./flows/conditions.ts";
import { DELETES } from "./flows/deletes.ts";
import { KEYS } from "./flows/keys.ts";
import { LISTINGS } from "./flows/listings.ts";
import { LOOKS } from "./flows/looks.ts";
import { OBJECTS } from "./flows/objects.ts";
import { PARTS } from "./flows/parts.ts";
import { PROPERTIES } from "./flows/properties.ts";
import { REFUSALS } from "./flows/refusals.ts";
import { ROADS } from "./flows/roads.ts";
import { ROLES } from "./flows/roles.ts";
import { TRANSFERS } from "./flows/transfers.ts";
import type { Flow } from "./story.ts";

/** All stories. */
export const FLOWS: readonly Flow[] = [
  ...CONDITIONS,
  ...DELETES,
  ...KEYS,
  ...LISTINGS,
  ...LOOKS,
  ...OBJECTS,
  ...PARTS,
  ...PROPERTIES,
  ...REFUSALS,
  ...ROADS,
  ...ROLES,
  ...TRANSFERS,
];
