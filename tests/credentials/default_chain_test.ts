import { assertEquals } from "@std/assert";
import { chooseProfile, loadProfiles } from "../../src/config/profiles.ts";
import { RereadChain } from "../../src/credentials/default_chain.ts";
import { RefreshingCredentials } from "../../src/credentials/refreshing.ts";
import { FakeSystem } from "../../src/testing/mod.ts";
import { chainContext } from "./doubles.ts";

const FILE = "/home/ann/.aws/credentials";

function keys(id: string): string {
  return `[default]\naws_access_key_id = ${id}\naws_secret_access_key = SK\n`;
}

Deno.test("RereadChain takes rotated keys after the old ones were refused", async () => {
  const system = new FakeSystem({
    env: { HOME: "/home/ann" },
    files: { [FILE]: keys("OLD") },
  });
  let reads = 0;
  const reread = async (): Promise<
    Pick<Awaited<ReturnType<typeof chainContext>>, "profile" | "profiles">
  > => {
    reads++;
    const profiles = await loadProfiles(system);
    return { profiles, profile: chooseProfile(profiles, system) };
  };
  const context = {
    ...await chainContext(),
    system,
    ...await reread(),
  };
  const source = new RefreshingCredentials(
    new RereadChain(context, reread),
    context,
  );
  const old = await source.get();

  source.invalidate(old);
  const unchanged = await source.get();
  await system.writePrivate(FILE, keys("NEW"));
  const kept = await source.get();
  source.invalidate(kept);
  const rotated = await source.get();

  assertEquals(
    [old, unchanged, kept, rotated].map(({ accessKeyId }) => accessKeyId),
    ["OLD", "OLD", "OLD", "NEW"],
  );
  assertEquals(reads, 2);
});
