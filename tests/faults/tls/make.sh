#!/bin/sh
# Makes the certificates of tls_messages_test.ts, which end in a hundred years or
# long ago. All have one key; that of the authority is thrown away.
set -eu
cd "$(dirname "$0")"
openssl ecparam -name prime256v1 -genkey -noout -out key.tmp
openssl pkcs8 -topk8 -nocrypt -in key.tmp -out key.pem
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
  -days 36500 -keyout authority.tmp -out authority.pem -subj "/CN=Authority" \
  -addext basicConstraints=critical,CA:TRUE 2>/dev/null
leaf() { # NAME SAN FROM UNTIL
  openssl req -new -key key.pem -subj "/CN=$1" -out request.tmp
  printf 'subjectAltName=%s\nbasicConstraints=CA:FALSE\n' "$2" >extensions.tmp
  rm -rf ca.tmp && mkdir ca.tmp && : >ca.tmp/index
  printf '[ca]\ndefault_ca=d\n[d]\ndatabase=ca.tmp/index\nnew_certs_dir=ca.tmp\ndefault_md=sha256\npolicy=p\nrand_serial=yes\n[p]\ncommonName=supplied\n' >config.tmp
  openssl ca -batch -notext -config config.tmp -cert authority.pem \
    -keyfile authority.tmp -in request.tmp -out "$1.pem" \
    -extfile extensions.tmp -startdate "$3" -enddate "$4" 2>/dev/null
}
leaf expired DNS:localhost 20200101000000Z 20210101000000Z
leaf future DNS:localhost 21000101000000Z 21100101000000Z
leaf elsewhere DNS:elsewhere.example 20200101000000Z 21200101000000Z
leaf localhost DNS:localhost 20200101000000Z 21200101000000Z
openssl req -x509 -key key.pem -days 36500 -out self-signed.pem \
  -subj "/CN=localhost" -addext subjectAltName=DNS:localhost
openssl req -x509 -key key.pem -days 36500 -out no-authority.pem \
  -subj "/CN=localhost" -addext subjectAltName=DNS:localhost \
  -addext basicConstraints=critical,CA:FALSE
rm -rf ./*.tmp
