/**
 * moto in server mode: Amazon's answer shapes in breadth, and STS. It checks no
 * signatures.
 *
 * @module
 */
import {
  answering,
  Background,
  type Missing,
  run,
  type Server,
} from "./server.ts";

const VERSION = "import moto; print(moto.__version__)";

/**
 * Starts moto.
 *
 * @param port The port it listens on.
 */
export async function startMoto(port: number): Promise<Missing | Server> {
  const python = await pythonWithMoto();
  if (python === undefined) {
    return { name: "moto", missing: "python3 with moto[server]" };
  }

  const server = new Background(python.path, [
    "-m",
    "moto.server",
    "-H",
    "127.0.0.1",
    "-p",
    `${port}`,
  ]);
  const endpoint = `http://127.0.0.1:${port}`;
  await answering(`${endpoint}/moto-api/data.json`, [server]);
  return {
    name: `moto ${python.version}`,
    endpoint,
    accessKeyId: "AKIAIOSFODNN7EXAMPLE",
    secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    stop: () => server.stop(),
  };
}

/** A machine may have several Pythons, of which the first need not have moto. */
async function pythonWithMoto(): Promise<
  { readonly path: string; readonly version: string } | undefined
> {
  const found = await run("which", "-a", "python3");
  for (const path of found?.printed.split("\n").filter(Boolean) ?? []) {
    const python = await run(path, "-c", VERSION);
    if (python?.ok) return { path, version: python.printed.trim() };
  }
  return undefined;
}
