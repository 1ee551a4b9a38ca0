/** The version of this package, as the services are told it. */
export const VERSION = "0.1.0";
