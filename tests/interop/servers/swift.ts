/**
 * OpenStack Swift with its s3api middleware: the strictest check of signatures
 * that Debian packages offer.
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

const KINDS = ["account", "container", "object"] as const;

/** Swift's own path to its settings is fixed, so a line of Python moves it. */
const LAUNCH = `
import sys, swift.common.utils as utils
kind, settings, conf = sys.argv[1:4]
utils.SWIFT_CONF_FILE = settings
from swift.common.wsgi import run_wsgi
sys.exit(run_wsgi(conf, kind + "-server"))
`;

const SETTINGS = `[swift-hash]
swift_hash_path_prefix = inia
swift_hash_path_suffix = inia
[storage-policy:0]
name = only
default = yes
`;

/** The middleware in front of the proxy, and the options that differ from the defaults. */
const FILTERS: readonly (readonly [name: string, options: string])[] = [
  ["catch_errors", ""],
  ["gatekeeper", ""],
  ["healthcheck", ""],
  ["memcache", "memcache_servers = 127.0.0.1:1"],
  ["listing_formats", ""],
  ["bulk", ""],
  [
    "s3api",
    "location = us-east-1\ns3_acl = false\nmin_segment_size = 5242880",
  ],
  [
    "tempauth",
    "user_test_tester = testing .admin\nuser_test_guest = visiting",
  ],
  ["copy", ""],
  ["slo", ""],
  ["dlo", ""],
  [
    "versioned_writes",
    "allow_versioned_writes = true\nallow_object_versioning = true",
  ],
  ["symlink", ""],
];

/**
 * Starts the four servers that Swift is made of, in a new folder.
 *
 * @param port The proxy's port; the three next ones are taken too.
 */
export async function startSwift(port: number): Promise<Missing | Server> {
  const builder = await run("swift-ring-builder");
  if (builder === undefined) {
    return {
      name: "Swift",
      missing: "the packages swift-proxy, -account, -container and -object",
    };
  }
  const folder = await Deno.makeTempDir({ prefix: "swift" });
  await prepare(folder, port);
  const processes = [...KINDS, "proxy"].map((kind) =>
    new Background("/usr/bin/python3", [
      "-c",
      LAUNCH,
      kind,
      `${folder}/swift.conf`,
      `${folder}/${kind}.conf`,
    ])
  );
  const endpoint = `http://127.0.0.1:${port}`;
  // The proxy answers before those behind it do.
  for (const index of processes.keys()) {
    await answering(`http://127.0.0.1:${port + index}/healthcheck`, processes);
  }
  return {
    name: "Swift s3api",
    endpoint,
    accessKeyId: "test:tester",
    secretAccessKey: "testing",
    stop: async () => {
      await Promise.all(processes.map((process) => process.stop()));
      await Deno.remove(folder, { recursive: true });
    },
  };
}

async function prepare(folder: string, port: number): Promise<void> {
  await Deno.mkdir(`${folder}/devices/d1`, { recursive: true });
  await Deno.writeTextFile(`${folder}/swift.conf`, SETTINGS);
  for (const [index, kind] of KINDS.entries()) {
    const own = port + 1 + index;
    const ring = `${folder}/${kind}.builder`;
    await succeed("swift-ring-builder", ring, "create", "6", "1", "0");
    await succeed(
      "swift-ring-builder",
      ring,
      "add",
      `r1z1-127.0.0.1:${own}/d1`,
      "1",
    );
    // A ring of one device is rebalanced with a warning and an exit code of 1.
    await run("swift-ring-builder", ring, "rebalance");
    await Deno.writeTextFile(
      `${folder}/${kind}.conf`,
      `${common(folder, own)}
devices = ${folder}/devices
mount_check = false
disable_fallocate = true
[pipeline:main]
pipeline = ${kind}-server
[app:${kind}-server]
use = egg:swift#${kind}
`,
    );
  }
  await Deno.writeTextFile(`${folder}/proxy.conf`, proxy(folder, port));
}

function proxy(folder: string, port: number): string {
  const names = FILTERS.map(([name]) => name);
  const filters = FILTERS.map(([name, options]) =>
    `[filter:${name}]\nuse = egg:swift#${name}\n${options}\n`
  );
  return `${common(folder, port)}
[pipeline:main]
pipeline = ${names.join(" ")} proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
allow_account_management = true
${filters.join("")}`;
}

function common(folder: string, port: number): string {
  return `[DEFAULT]
swift_dir = ${folder}
user = root
bind_ip = 127.0.0.1
bind_port = ${port}
workers = 0
log_level = WARNING
log_address =`;
}

async function succeed(program: string, ...args: string[]): Promise<void> {
  const result = await run(program, ...args);
  if (!result?.ok) {
    throw new Error(`${program} ${args.join(" ")} failed: ${result?.printed}`);
  }
}
