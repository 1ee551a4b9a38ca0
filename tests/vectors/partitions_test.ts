import { assertEquals } from "@std/assert";
import { partitionOf } from "../../src/endpoint/hosts.ts";
import {
  type PartitionEntry,
  type PartitionList,
  partitionsSource,
} from "../../tools/gen/partitions.ts";
import { vectorTest } from "./suite.ts";

vectorTest<PartitionEntry>({
  file: "partitions.json",
  cases: (data) => (data as PartitionList).partitions,
  name: ({ id }) => id,
  run: ({ id, outputs, regions }) => {
    for (const region of Object.keys(regions)) {
      const found = partitionOf(region);
      assertEquals(
        [found.id, found.suffix, found.dualstackSuffix],
        [id, outputs.dnsSuffix, outputs.dualStackDnsSuffix],
      );
    }
  },
});

vectorTest<PartitionList>({
  file: "partitions.json",
  section: "source",
  cases: (data) => [data as PartitionList],
  name: () => "src/endpoint/generated/partitions.ts is what the printer prints",
  run: async (list) => {
    const checkedIn = await Deno.readTextFile(
      new URL("../../src/endpoint/generated/partitions.ts", import.meta.url),
    );
    assertEquals(checkedIn, partitionsSource(list));
  },
});
