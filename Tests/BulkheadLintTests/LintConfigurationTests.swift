import BulkheadLint
import Testing

@Suite("Lint of configuration") struct LintConfigurationTests {
    @Test(arguments: [
        ("url: redis://cache:6379/3", ["1:6"]), ("a: 'redis://h/3' # x", ["1:5"]), ("a:\n  - redis://h/3", ["2:5"]),
        ("redis:\n  host: h\n  db: 3\npostgres:\n  db: 4", ["3:7"]),
        ("a:\n- redis: {x: {db: 3}, y: [\"redis://h/4\"]}\n  db: 1", ["2:19", "2:28"]),
        ("environment:\n  REDIS_DB: \"5\"\n  APP_REDIS_DB_CACHE: 7", ["2:14", "3:23"]),
        ("environment:\n  - REDIS_DB=3\n  - REDIS_DB_TIMEOUT=3", ["2:5"]),
        ("u: redis://{{ host }}:{{ port }}/{{ db }}", ["1:4"]), ("u: \"redis://${H}/${DB:-0}\"", ["1:5"]),
        ("u: unix:///run/redis.sock?db=3", ["1:4"]), ("# redis://h/3", []), ("u: https://h/3 # redis://h/3", []),
        ("u: redis://h:6379", []), ("db: 3", []), ("redis:\n  port: 3\n  databases: 16", []),
        ("command: [redis-cli, -n, \"3\", ping]", ["1:22"]), ("test: redis-cli -n 2 ping", ["1:17"]),
        ("c:\n- redis-cli\n- -n\n- '3'\n- ping", ["3:3"]),
        ("run: |\n  set -e\n  redis-cli -n 3 \\\n    ping\nb: 1", ["3:13"]),
    ])
    func `YAML: numbers in URLs, settings and commands are found where they stand`(source: String, places: [String]) {
        #expect(found(in: source, .yaml) == places.map { "\($0) database-number" })
    }

    @Test(arguments: [
        (#"{"redis": {"db": 3}, "mongo": {"db": 4}}"#, ["1:18"]), (#"{"a": ["redis://h/3"]}"#, ["1:9"]),
        (#"{"a": "x\"redis://h/3"} // redis://h/3"#, ["1:11"]), (#"{"redisDb": 3}"#, ["1:13"]),
        (#"{"cmd": ["redis-cli", "-n", "3"], "x": ["-n", "3"]}"#, ["1:24"]),
        (#"{"scripts": {"a": "redis-cli -a \"x\" -n 3 ping"}}"#, ["1:39"]), (#"{"redis": [{"db": 3"#, ["1:19"]),
    ])
    func `JSON: numbers are found in members, URLs and commands`(source: String, places: [String]) {
        #expect(found(in: source, .json) == places.map { "\($0) database-number" })
    }

    @Test(arguments: [
        ("REDIS_URL=redis://h/3", ["1:11"]), ("export REDIS_DB='3'", ["1:18"]), ("# REDIS_DB=3\n; REDIS_DB=3", []),
        ("[tool.redis]\ndb = 3 # x\n[x]\ndb = 3", ["2:6"]),
        ("urls = [\n 'redis://h/1', # redis://h/4\n 'redis://h/2' ]", ["2:3", "3:3"]),
        ("c = { redis = { db = 3 } }", ["1:22"]), ("t = \"\"\"\nredis://h/3\n\"\"\"", ["2:1"]),
        ("spring.redis.database=3", ["1:23"]), ("ExecStart=/usr/bin/redis-cli -n 3 ping", ["1:30"]),
        ("REDIS_PASSWORD=3", []), ("REDIS_MAX_DB_CONNECTIONS=3", []),
    ])
    func `settings: TOML, INI, properties, units and .env are read`(source: String, places: [String]) {
        #expect(found(in: source, .settings) == places.map { "\($0) database-number" })
    }

    @Test(arguments: [
        ("#!/usr/bin/env node\n", LintLanguage.script), ("#!/usr/bin/make -f\n", .recipe), ("#!/bin/zsh", .shell),
        ("#!/usr/bin/env swift\n", .swift),
    ])
    func `so do scripts of other languages`(text: String, language: LintLanguage?) {
        #expect(LintLanguage(shebangOf: Array(text.utf8)) == language)
    }

    @Test(arguments: [
        ("{\"redis\": {\"db\": 3}}", ["1:18"]), ("[a]\n'redis://h/3'", ["2:2"]),
        ("url: redis://h/3", ["1:6"]), ("a.url:redis://h/3", ["1:7"]), ("  redis://h/3", ["1:3"]),
        ("l = [\n \"\"\"\nredis://h/1\"\"\" ]", ["3:1"]), ("a = 'x' REDIS_DB=3", ["1:18"]),
    ])
    func `settings: what is written as elsewhere is read as there`(source: String, places: [String]) {
        #expect(found(in: source, .settings) == places.map { "\($0) database-number" })
    }

    @Test(arguments: [
        ("a.swift", LintLanguage.swift), ("a/b.py", .python), ("x.sh", .shell), ("x.sh.j2", .shell),
        (".env", .settings),
        (".env.example", .settings), ("prod.env", .settings), ("docker-compose.yml", .yaml), ("Dockerfile", .recipe),
        ("Dockerfile.prod", .recipe), ("Makefile", .recipe), ("etc/cron.d/backup", .recipe), ("p.JSON", .json),
        ("a.txt", nil), ("README.md", nil), ("swift", nil), ("a.py/b", nil),
    ])
    func `a file's name tells its language`(path: String, language: LintLanguage?) {
        #expect(LintLanguage(path: Array(path.utf8)) == language)
    }

    @Test(arguments: [
        ("#!/bin/sh\n", LintLanguage.shell), ("#!/usr/bin/env bash", .shell),
        ("#!/usr/bin/env -S python3 -u\n", .python),
        ("#! /usr/bin/python3.12\n", .python), ("#!/usr/bin/perl\n", nil), ("echo", nil), ("#!", nil), ("", nil),
    ])
    func `a script's first line tells its language`(text: String, language: LintLanguage?) {
        #expect(LintLanguage(shebangOf: Array(text.utf8)) == language)
    }
}
