/**
 * Settings: what a user may say, and where else it may be said.
 *
 * @module
 */
import type { CredentialProvider, Credentials } from "./credentials.ts";
import type { RetryMode, RetryOptions, RetryStrategy } from "./retry.ts";

/** Credentials in the spelling of the API, as STS's answers have them. */
export interface ApiCredentials {
  /** Public part of the key. */
  readonly AccessKeyId: string;
  /** Secret part of the key. */
  readonly SecretAccessKey: string;
  /** Present on temporary credentials. */
  readonly SessionToken?: string;
  /** When they stop working. */
  readonly Expiration?: Date;
}

/**
 * Ways to say who is calling: keys, the `Credentials` member of an STS answer as
 * it comes, a provider, a function that gets them, or `"anonymous"` for requests
 * without a signature.
 */
export type CredentialsInput =
  | "anonymous"
  | ((signal?: AbortSignal) => Promise<ApiCredentials | Credentials>)
  | ApiCredentials
  | CredentialProvider
  | Credentials;

/** Settings of a client; what is not set comes from its session. */
export interface ClientConfig {
  /** Region, for example `"eu-west-1"`. Default: `AWS_REGION`, `AWS_DEFAULT_REGION`, the profile's `region`. */
  readonly region?: string;
  /** Endpoint that replaces the service's own, for example `"http://localhost:9000"`. */
  readonly endpointUrl?: string;
  /** Credentials, or where to get them. Default: the chain. */
  readonly credentials?: CredentialsInput;
  /** Retry behaviour: a mode, its settings, or a strategy of your own. Default: standard. */
  readonly retry?: RetryMode | RetryOptions | RetryStrategy;
  /** Longest time to reach the server, in milliseconds. Default: 60 000. */
  readonly connectTimeoutMs?: number;
  /** Longest silence of the server, in milliseconds. Default: 60 000. */
  readonly readTimeoutMs?: number;
  /** Longest time of one attempt, in milliseconds. Default: no limit. */
  readonly attemptTimeoutMs?: number;
  /** Longest time of a whole call, waits included, in milliseconds. Default: no limit. */
  readonly totalTimeoutMs?: number;
  /** Connections open at once per host. Default: no limit. */
  readonly maxConnections?: number;
  /** Longest wait for a connection where `maxConnections` is reached, in milliseconds. Default: 60 000. */
  readonly queueTimeoutMs?: number;
  /** Idle connections kept per host. Default: 10. */
  readonly maxIdleConnections?: number;
  /** Proxy URL; `false` for none, also where the proxy variables name one (over https that needs `NO_PROXY`). Default: what the proxy variables say. */
  readonly proxy?: string | false;
  /** Certificates to trust beside the system's, as PEM texts. Default: the file that `AWS_CA_BUNDLE` or `ca_bundle` names. */
  readonly caCerts?: readonly string[];
  /** Dual-stack hosts, reachable over IPv6. Default: `AWS_USE_DUALSTACK_ENDPOINT`, the profile's `use_dualstack_endpoint`, `false`. */
  readonly useDualstackEndpoint?: boolean;
  /** FIPS hosts. Default: `AWS_USE_FIPS_ENDPOINT`, the profile's `use_fips_endpoint`, `false`. */
  readonly useFipsEndpoint?: boolean;
}

/** A value of a profile: text, or a nested block such as `s3 =`. */
export type ProfileValue = string | Readonly<Record<string, string>>;

/** One profile, by lower-case key. */
export type Profile = Readonly<Record<string, ProfileValue>>;

/** Where a value stands in a file. */
export interface SettingLocation {
  /** Path of the file. */
  readonly file: string;
  /** Number of the line, from 1. */
  readonly line: number;
}

/** A section of the config files, and where its values stand. */
export interface ConfigSection {
  /** The values. The object inherits nothing, so that any key can be looked up. */
  readonly values: Profile;
  /** Where the section starts. */
  readonly location: SettingLocation;
  /** Where each value stands, by key; `"s3.addressing_style"` for one in a block. */
  readonly locations: Readonly<Record<string, SettingLocation>>;
}

/** What became of one of the two files. */
export type FileState =
  | { readonly kind: "absent" | "found"; readonly path: string }
  | {
    /** It is not known where it would be, or it may not be read. */
    readonly kind: "denied" | "homeless";
    /** Where it would be, where that is known. */
    readonly path?: string;
    /** The flags that would permit it, for example `"--allow-read=/home/a/.aws/config"`. */
    readonly flags: readonly string[];
  };

/** All that the config file and the credentials file say. */
export interface ProfileSet {
  /**
   * The profiles of both files, in order: those of the config file, with the
   * values of the credentials file put over them key by key, then the others of
   * the credentials file.
   */
  readonly profiles: ReadonlyMap<string, ConfigSection>;
  /** The profiles as the config file alone has them. */
  readonly configFile: ReadonlyMap<string, ConfigSection>;
  /** The profiles as the credentials file alone has them. */
  readonly credentialsFile: ReadonlyMap<string, ConfigSection>;
  /** The `sso-session` sections, by name. */
  readonly ssoSessions: ReadonlyMap<string, ConfigSection>;
  /** The `services` sections, by name. */
  readonly services: ReadonlyMap<string, ConfigSection>;
  /** Sections of the config file that are none of these, by name. */
  readonly others: ReadonlyMap<string, ConfigSection>;
  /** What became of the two files. */
  readonly files: {
    readonly config: FileState;
    readonly credentials: FileState;
  };
}

/** Where a setting was set. */
export type SettingSource =
  | {
    /** In code, as an option of a call, a client or a session. */
    readonly kind: "code";
    /** Of which. */
    readonly owner: "call" | "client" | "session";
    /** Name of the option. */
    readonly name: string;
  }
  | {
    /** In the environment. */
    readonly kind: "env";
    /** Name of the variable. */
    readonly name: string;
  }
  | {
    /** In a section of a config file. */
    readonly kind: "file";
    /** The section as it is spoken of, for example `"profile dev"`. */
    readonly section: string;
    /** The key, `"s3.addressing_style"` for one in a block. */
    readonly key: string;
    /** Where it stands. */
    readonly location: SettingLocation;
  }
  | {
    /** Nowhere: it is the default. */
    readonly kind: "default";
  };

/** A value that was set somewhere, before it is read. */
export interface Candidate {
  /** Where. */
  readonly source: SettingSource;
  /** The value: text, unless it was set in code or is the default. */
  readonly value: unknown;
}

/**
 * A setting's value, and how it came about.
 *
 * @typeParam T Type of the value.
 */
export interface Resolved<T> {
  /** The value. */
  readonly value: T;
  /** Where it was set. */
  readonly source: SettingSource;
  /** Where else it was set, in order, with values as they were found. */
  readonly overridden: readonly Candidate[];
  /** Flags without which places could not be looked at. */
  readonly denied: readonly string[];
}

/**
 * One setting: its name in code, where else it may be set, and its default.
 *
 * @typeParam T Type of the value.
 */
export interface Setting<T> {
  /** Name of the option in code, for example `"readTimeoutMs"`. */
  readonly name: string;
  /** Environment variables, the first one that is set wins. */
  readonly env?: readonly string[];
  /** Keys of a profile, `"s3.addressing_style"` for a nested one; the first one that is set wins. */
  readonly profile?: readonly string[];
  /**
   * Reads a value from text.
   *
   * @returns The value, or `undefined` where the text is none; what is allowed
   * is told by {@linkcode Setting.allowed}.
   */
  readonly read?: (text: string) => T | undefined;
  /** The values that are allowed, in words, for the error of a wrong one. */
  readonly allowed: string;
  /** Whether a value given in code is one. */
  readonly accepts: (value: unknown) => boolean;
  /** The value where it is set nowhere. */
  readonly fallback?: T;
  /** Whether an empty variable or key counts as not set. Default: it is a value. */
  readonly emptyIsUnset?: true;
  /** `ConfigError.code` of a wrong value. Default: `"InvalidConfigError"`. */
  readonly code?: string;
}
