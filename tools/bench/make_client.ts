/**
 * The program that makes a client and nothing else.
 *
 * @module
 */
import { Session } from "../../mod.ts";
import { S3 } from "../../src/services/s3/mod.ts";

new Session({ region: "eu-west-1" }).client(S3);
