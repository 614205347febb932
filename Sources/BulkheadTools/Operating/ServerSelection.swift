#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

package import Bulkhead

/// Which server a command works on, and what its numbers are called there.
///
/// The server is `--url`, else the environment's; the catalogue `--catalogue`, else the file that `REDIS_CATALOGUE`
/// names, else the standard one. A login in the environment completes a URL without one.
package struct ServerSelection: Sendable {
    package let configuration: RedisConfiguration
    package let catalogue: DatabaseCatalogue
    private let program: String
    /// `--url` itself says who logs in.
    private let hasLoginInURL: Bool
    /// The flags that lead another command to the same databases, each behind a space. What the environment says it
    /// says to the other command as well.
    let serverFlags: String

    /// Flags of every command that talks to a server.
    static let flags = [Flag.url, .catalogue]

    /// Reads flags and environment; connects nothing. Throws a wrong call for what cannot be used.
    package init(
        _ arguments: Arguments, environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(ProgramFailure) {
        program = arguments.program
        serverFlags =
            (arguments.pasted(.url).map { " \($0)" } ?? "")
            + (arguments.text(of: .catalogue).map { " --catalogue \($0.quotedForShell)" } ?? "")
        do {
            configuration = try Self.configuration(url: arguments.text(of: .url), environment)
        } catch {
            throw arguments.refused(error.wordsOnURL)
        }
        let given = arguments.text(of: .url).flatMap { try? RedisConfiguration(url: $0) }
        hasLoginInURL = given?.password != nil || given?.username != nil
        do {
            catalogue =
                if let file = arguments.text(of: .catalogue) {
                    try DatabaseCatalogue(contentsOfFile: file)
                } else {
                    try DatabaseCatalogue(environment: environment)
                }
        } catch {
            throw arguments.refused(error.wordsOnFile)
        }
    }

    /// The same catalogue on another server: for `--to-url` and its like. The environment says nothing about it.
    package init(url: String, beside other: ServerSelection, of arguments: Arguments) throws(ProgramFailure) {
        program = arguments.program
        hasLoginInURL = false
        serverFlags = other.serverFlags
        catalogue = other.catalogue
        do {
            configuration = try RedisConfiguration(url: url).forOperators
        } catch {
            throw arguments.refused(error.wordsOnURL)
        }
    }

    private static func configuration(
        url: String?, _ environment: [String: String]
    ) throws(RedisError) -> RedisConfiguration {
        var environment = environment
        if let url {
            for name in ["REDIS_HOST", "REDIS_PORT", "REDIS_SOCKET"] { environment[name] = nil }
            environment["REDIS_URL"] = url
            let chosen = try RedisConfiguration(url: url)
            // What the URL says of the login goes before what the environment says, as for any flag.
            if chosen.password != nil {
                environment["REDIS_USERNAME"] = nil
                environment["REDIS_PASSWORD"] = nil
            }
            // The URL alone says whether there is TLS; without, the environment's files are another server's.
            environment["REDIS_TLS"] = nil
            if chosen.tls == nil { environment = environment.filter { !$0.key.hasPrefix("REDIS_TLS_") } }
        }
        return try RedisConfiguration(environment: environment).forOperators
    }

    /// The entry of a name of the catalogue, or of a number: what has no name yet is called by its number, `db7`.
    ///
    /// Of names that share a number the first that is no alias stands for it. Throws a wrong call for a name that is
    /// not in the catalogue.
    package func entry(_ word: String) throws(ProgramFailure) -> DatabaseEntry {
        if let entry = catalogue.entries.first(where: { $0.name.text == word }) { return entry }
        if let number = Int(word), String(number) == word, (0...Self.largestNumber).contains(number) {
            return entry(ofNumber: number)
        }
        guard !word.contains("://") else {
            throw .usage("no database is named '\(word.inMessage)': give the URL by --url", of: program)
        }
        let known = catalogue.entries.map(\.name.text)
        throw .usage(
            "no database is named '\(word)': the catalogue has \(known.joined(separator: ", ")), "
                + "and a number is a name too\(suggestion(for: word, among: known))", of: program)
    }

    /// The entry of a number, whether it has a name or not; of the configuration's server, or of one of the
    /// catalogue's.
    package func entry(ofNumber number: Int, on server: DatabaseServer? = nil) -> DatabaseEntry {
        let place = place(of: server)
        let named = catalogue.entries.filter { $0.number == number && self.place(of: $0) == place }
        if let entry = named.first(where: { $0.aliasOf == nil }) ?? named.first { return entry }
        return unnamed(number, on: server)
    }

    private func unnamed(_ number: Int, on server: DatabaseServer?) -> DatabaseEntry {
        // A catalogue may call another number so.
        var name = "db\(number)"
        if let server { name += "-" + server.address.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" } }
        while catalogue.entries.contains(where: { $0.name.text == name }) { name += "_" }
        return DatabaseEntry(DatabaseName(name), number: number, server: server)
    }

    /// An entry of number 0, which every server has, whatever the catalogue says; reached with the login of `server`
    /// and no other.
    func door(to server: DatabaseServer?) -> DatabaseEntry {
        catalogue.entries.first { $0.number == 0 && $0.aliasOf == nil && $0.server == server }
            ?? unnamed(0, on: server)
    }

    /// Where a server is, spelled in one way: two URLs may lead to one server. Nil is the configuration's.
    func place(of server: DatabaseServer?) -> String { configuration.place(of: server) }

    /// The same of an entry's server.
    func place(of entry: DatabaseEntry) -> String { place(of: catalogue.server(of: entry)) }

    /// What SELECT's number can be, whatever the server's configuration.
    private static let largestNumber = Int(Int32.max)

    /// Refuses a `--url` that none of these databases would be reached by, because the catalogue names their servers:
    /// whoever wrote it means another server than the one that would be worked on, or another login.
    func refuseUnusedURL(_ entries: [DatabaseEntry], _ arguments: Arguments) throws(ProgramFailure) {
        guard arguments.has(.url), let first = entries.first, let server = catalogue.server(of: first),
            !entries.contains(where: isReachedByURL)
        else { return }
        let here = entries.first { place(of: $0) == place(of: nil) }
        let objection =
            here.map { "--url is not how \($0.name) is reached: the catalogue gives it another login, or other TLS" }
            ?? "--url is not where \(first.name) is: the catalogue says it is at \(server.address)"
        throw arguments.refused(
            "\(objection); leave out --url, or give a catalogue that names no server for it")
    }

    /// A URL without login and TLS only says which server is meant.
    func isReachedByURL(_ entry: DatabaseEntry) -> Bool {
        guard let server = catalogue.server(of: entry) else { return true }
        return place(of: server) == place(of: nil) && (!hasLoginInURL || server.hasLogin(of: configuration))
            && (configuration.tls == nil || server.hasTLS(of: configuration))
    }

    /// The databases of the server, those of `entries` without a name in the catalogue among them. Connects nothing.
    package func open(_ entries: [DatabaseEntry] = []) throws(ProgramFailure) -> RedisDatabases {
        var all = catalogue.entries
        for entry in entries where !all.contains(where: { $0.name == entry.name }) { all.append(entry) }
        do {
            return RedisDatabases(configuration, catalogue: try DatabaseCatalogue(all.map(\.forOperators)))
        } catch {
            throw ProgramFailure(.failed, "\(program): \(error.message)")
        }
    }
}

extension ServerSelection {
    /// This one database on the selection's server, whatever the catalogue says of its name. Connects nothing.
    func open(only entry: DatabaseEntry) throws(ProgramFailure) -> RedisDatabases {
        do {
            return RedisDatabases(configuration, catalogue: try DatabaseCatalogue([entry.forOperators]))
        } catch {
            throw ProgramFailure(.failed, "\(program): \(error.message)")
        }
    }
}

extension Arguments {
    /// The flag with its URL, to be pasted; of one that holds a login only a placeholder, which nobody can run by
    /// mistake. Nil if the flag was not given.
    func pasted(_ flag: Flag) -> String? {
        guard let url = text(of: flag) else { return nil }
        let configuration = try? RedisConfiguration(url: url)
        let isShown = configuration?.password == nil && configuration?.username == nil
        return "--\(flag.name) " + (isShown && configuration != nil ? url.quotedForShell : "URL")
    }
}

extension RedisConfiguration {
    /// Where a server is, spelled in one way. Nil is the configuration's own.
    func place(of server: DatabaseServer?) -> String {
        let address = server?.address ?? address
        // Mostly it is: a server may listen on [::1] alone, and another one on 127.0.0.1 with the same port.
        if address.lowercased().hasPrefix("localhost:") { return "127.0.0.1" + address.dropFirst("localhost".count) }
        guard address.hasPrefix("unix:") else { return address }
        // The folder, because a socket of a server that is not running is no file.
        let path = URL(fileURLWithPath: String(address.dropFirst("unix:".count)))
        let folder = path.deletingLastPathComponent().resolvingSymlinksInPath().path
        return "unix:\(folder)/\(path.lastPathComponent)"
    }
}

extension DatabaseEntry {
    /// As tools open it: what they read is of the server that they write to, and not of a replica or another copy.
    fileprivate var forOperators: DatabaseEntry {
        var entry = self
        entry.reads = .primary
        entry.copies = RedisCopies()
        return entry
    }
}

extension RedisConfiguration {
    /// With what operators need: they wait longer than services do, and a large reply is no violation to them.
    fileprivate var forOperators: RedisConfiguration {
        var configuration = self
        configuration.clientName = configuration.clientName ?? DatabaseClients.ownName
        configuration.commandTimeout = .seconds(60)
        return configuration
    }
}

extension Flag {
    static let url = Flag(
        "url", .text("URL"),
        "the server: redis[s]:// or valkey[s]://[user:password@]host[:port], or unix:///path; default: REDIS_URL, or "
            + "REDIS_HOST etc.")
    static let catalogue = Flag(
        "catalogue", .text("FILE", .files),
        "a JSON file with the names; default: REDIS_CATALOGUE, or the four standard names")
    static let json = Flag("json", .none, "print JSON instead of text, as described below")
    static let quiet = Flag("quiet", .none, short: "q", "show no progress on standard error")
}
