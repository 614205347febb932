/// What a file is written in, as far as the rules care.
package enum LintLanguage: Sendable, Hashable {
    case swift, python, shell
    /// JavaScript and TypeScript.
    case script
    /// Lines with commands in them: Dockerfile, Makefile, crontab.
    case recipe
    case yaml, json
    /// Lines `key = value`: TOML, INI, .env, properties.
    case settings

    /// By the file's name; nil for what is not linted, and for names without a suffix.
    package init?(path: [UInt8]) {
        let parts = path.split(separator: UInt8(ascii: "/"))
        guard let last = parts.last else { return nil }
        var name = String(decoding: last, as: UTF8.self).lowercased()
        // What a template becomes is what it is written in.
        while let suffix = Self.templates.first(where: { name.hasSuffix($0) && name.count > $0.count }) {
            name.removeLast(suffix.count)
        }
        // What a program wrote for browsers is read by nobody.
        if name.hasSuffix(".min.js") { return nil }
        if let language = Self.names[name] {
            self = language
        } else if name.hasPrefix("dockerfile.") || name.hasPrefix("makefile.") || name.hasPrefix("crontab.") {
            self = .recipe
        } else if name.hasPrefix(".env.") {
            self = .settings
        } else if let suffix = name.split(separator: ".", omittingEmptySubsequences: false).dropFirst().last,
            let language = Self.suffixes[String(suffix)]
        {
            self = language
        } else if parts.dropLast().last.map({ $0.elementsEqual("cron.d".utf8) }) == true {
            self = .recipe
        } else {
            return nil
        }
    }

    /// By the first line of a script: `#!/usr/bin/env bash`; nil if it has none, or one of another language.
    package init?(shebangOf bytes: [UInt8]) {
        guard bytes.starts(with: "#!".utf8) else { return nil }
        let line = String(decoding: bytes.prefix(256).prefix { $0 != .newline }.dropFirst(2), as: UTF8.self)
        var programs = line.split(whereSeparator: \.isWhitespace)[...]
        if programs.first?.split(separator: "/").last == "env" {
            programs = programs.dropFirst().drop { $0.hasPrefix("-") || $0.contains("=") }
        }
        guard let program = programs.first?.split(separator: "/").last,
            let language = RunnerWords.language(ofScriptFor: String(program))
        else { return nil }
        self = language
    }

    private static let templates = [
        ".j2", ".jinja", ".jinja2", ".tpl", ".tmpl", ".template", ".example", ".sample", ".dist",
    ]

    private static let names: [String: LintLanguage] = [
        "dockerfile": .recipe, "containerfile": .recipe, "makefile": .recipe, "gnumakefile": .recipe,
        "crontab": .recipe, "procfile": .yaml, ".env": .settings, ".envrc": .shell, ".bashrc": .shell,
        ".bash_profile": .shell, ".profile": .shell, ".zshrc": .shell,
    ]

    private static let suffixes: [String: LintLanguage] = [
        "swift": .swift, "py": .python, "pyi": .python, "pyw": .python,
        "js": .script, "mjs": .script, "cjs": .script, "jsx": .script,
        "ts": .script, "mts": .script, "cts": .script, "tsx": .script,
        "sh": .shell, "bash": .shell, "zsh": .shell, "ksh": .shell, "dash": .shell, "bats": .shell,
        "yml": .yaml, "yaml": .yaml, "json": .json, "json5": .json, "jsonc": .json,
        "toml": .settings, "ini": .settings, "cfg": .settings, "conf": .settings, "properties": .settings,
        "env": .settings, "service": .settings, "timer": .settings,
        "dockerfile": .recipe, "containerfile": .recipe, "mk": .recipe, "cron": .recipe, "crontab": .recipe,
    ]

    /// The words above, for people: what is linted.
    package static let description = """
        *.swift, *.py, *.js, *.ts and the like, *.sh and other shells, *.yml, *.json, *.toml, *.ini, \
        *.cfg, *.conf, *.properties, *.service, .env, Dockerfile, Makefile, \
        crontab, templates of these (*.j2, *.example …), and scripts by their #! line
        """
}
