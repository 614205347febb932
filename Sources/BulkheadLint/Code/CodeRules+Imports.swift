/// What names stand for: each language's way to import.
extension CodeRules {
    /// Looks at the import at `index`, and returns where to go on.
    mutating func readImport(at index: Int) -> Int {
        switch language {
        case .python: return readPythonImport(at: index)
        case .script: return readScriptImport(at: index)
        default:
            // `import Valkey`, `import struct Valkey.ValkeyClient`
            let kinds = ["struct", "class", "enum", "protocol", "func", "let", "var", "typealias", "actor"]
            let first = list.word(index + 1).map { kinds.contains($0) } == true ? index + 2 : index + 1
            guard let module = list.word(first) else { return index + 1 }
            facts.bind(module, to: [module])
            facts.bindAll(of: [module])
            return first + 1
        }
    }

    // MARK: Python

    /// `import a.b as c, d` and `from a.b import (c as d, e)`.
    private mutating func readPythonImport(at index: Int) -> Int {
        let module = moduleImportedFrom(at: index)
        var next = index + 1
        if list.isSymbol(next, "(") { next += 1 }
        while let token = list[next], !token.startsLine || list.isSymbol(next - 1, "(") {
            guard let (names, behind) = list.chain(at: next) else {
                if token.text == "*", let module { facts.bindAll(of: module) }
                guard token.text == "," || token.text == "*" else { break }
                next += 1
                continue
            }
            next = behind
            var local: String?
            if list.isWord(next, "as"), let alias = list.word(next + 1) {
                local = alias
                next += 2
            }
            // `import redis.asyncio` binds `redis`.
            let isPlain = module == nil && local == nil
            facts.bind(local ?? names[0], to: isPlain ? [names[0]] : (module ?? []) + names)
        }
        return max(next, index + 1)
    }

    /// The module between `from` and `import`; nil if there is no `from`, and `.` for one of this package.
    private func moduleImportedFrom(at index: Int) -> [String]? {
        guard list[index]?.startsLine == false else { return nil }
        if list.isSymbol(index - 1, ".") { return ["."] }
        guard list.word(index - 1) != nil else { return nil }
        let (names, start) = facts.chain(endingAt: index - 1)
        // In `from .redis import`, `from` looks like the first of the names.
        if names[0] == "from" || list.isSymbol(start - 1, ".") { return ["."] }
        return list.isWord(start - 1, "from") ? names : nil
    }

    /// `class Cache(redis.Redis):` and `class Cache extends Redis` make another type of clients.
    mutating func noteSubclass(at index: Int) {
        guard let name = list.word(index + 1) else { return }
        var bases: [Int] = []
        if list.isSymbol(index + 2, "(") {
            bases = list.arguments(ofBracketAt: index + 2).filter { $0.label == nil }.map(\.value.lowerBound)
        } else if list.isWord(index + 2, "extends") {
            bases = [index + 3]
        }
        for base in bases {
            guard let names = list.chain(at: base)?.names else { continue }
            let full = facts.resolved(names)
            if facts.isType(full) { facts.bind(name, to: full) }
        }
    }

    // MARK: JavaScript

    /// `import a, { b as c } from "m"`, `import * as a from "m"`, `import a = require("m")`
    private mutating func readScriptImport(at index: Int) -> Int {
        var found: [(path: [String], local: String)] = []
        var isInBraces = false
        var next = index + 1
        while let token = list[next], token.kind != .string, next - index < 256 {
            defer { next += 1 }
            if token.kind == .symbol {
                // `import a = require("m")` is read as a call.
                if token.text == "=" { return next }
                isInBraces = token.text == "{" || isInBraces && token.text != "}"
                if token.text == "*", list.isWord(next + 1, "as"), let local = list.word(next + 2) {
                    found.append(([], local))
                    next += 2
                }
            } else if let word = list.word(next), word != "from" || isInBraces {
                if word == "type", let behind = list.word(next + 1), behind != "from" { continue }
                var local = word
                if list.isWord(next + 1, "as"), let alias = list.word(next + 2) {
                    local = alias
                    next += 2
                }
                found.append(([isInBraces ? word : "default"], local))
            }
        }
        guard let module = list[next], module.kind == .string, next - index < 256 else { return index + 1 }
        for (path, local) in found { facts.bind(local, to: [module.text] + path) }
        return next + 1
    }

    /// `require("m")` and `import("m")`: assigned, taken apart, or called as it is.
    mutating func readRequire(at index: Int) {
        guard language == .script, list.opensCall(index + 1), let module = list[index + 2], module.kind == .string,
            let close = list[index + 1]?.partner, close == index + 3
        else { return }
        facts.noteImport(of: module.text)
        var full = [module.text]
        var next = close + 1
        while list.isSymbol(next, "."), let name = list.word(next + 1) {
            full.append(name)
            next += 2
        }
        if list.opensCall(next), full.count > 1 {
            return readCall(["require"] + full.dropFirst(), full, at: index, open: next)
        }
        var before = index - 1
        while list.isWord(before, "await") || list.isSymbol(before, "(") { before -= 1 }
        guard list.isSymbol(before, "=") else { return }
        if let local = list.word(before - 1) {
            facts.bind(local, to: full)
        } else if list.isSymbol(before - 1, "}"), let open = list[before - 1]?.partner {
            for argument in list.arguments(ofBracketAt: open) {
                guard let local = list.word(argument.value.lowerBound) else { continue }
                facts.bind(local, to: full + [argument.label ?? local])
            }
        }
    }
}
