import Bulkhead

/// A server that names of the catalogue live on, however many URLs lead to it.
struct DoctoredServer {
    /// One of the logins by which its names are reached.
    struct Login {
        /// Nil is the configuration's.
        let server: DatabaseServer?
        let entries: [DatabaseEntry]
        /// What can be asked by this login, the first that can be selected: each in a catalogue of its own, because no
        /// catalogue has one number of a server twice.
        let doors: [(name: DatabaseName, databases: RedisDatabases)]
    }

    /// All names on it.
    let entries: [DatabaseEntry]
    private(set) var logins: [Login] = []

    /// Those that names live on, the configuration's first.
    static func all(of selection: ServerSelection) throws(ProgramFailure) -> [DoctoredServer] {
        let catalogue = selection.catalogue
        let others = catalogue.entries.compactMap(\.server).sorted { $0.address < $1.address }
        var seen: Set<String> = []
        let places = ([nil] + others).map { selection.place(of: $0) }.filter { seen.insert($0).inserted }
        var servers: [DoctoredServer] = []
        for place in places {
            let entries = catalogue.entries.filter { selection.place(of: $0) == place }
            // All names may live elsewhere.
            if entries.isEmpty { continue }
            var server = DoctoredServer(entries: entries)
            let ways = entries.map { catalogue.server(of: $0) }
            var known: Set<DatabaseServer?> = []
            for way in ways.filter({ $0 == nil }) + ways where known.insert(way).inserted {
                let own = entries.filter { catalogue.server(of: $0) == way }
                var doors: [(name: DatabaseName, databases: RedisDatabases)] = []
                // An alias's server is that of its target.
                for entry in [selection.door(to: way)] + own where entry.aliasOf == nil {
                    doors.append((entry.name, try selection.open(only: entry)))
                }
                server.logins.append(Login(server: way, entries: own, doors: doors))
            }
            servers.append(server)
        }
        return servers
    }

    func close() async {
        for login in logins {
            for door in login.doors { await door.databases.close() }
        }
    }

    /// What is said of a server that could not be asked.
    func report(of error: RedisError) -> DoctorReport {
        let addresses = logins.lazy.flatMap(\.doors).compactMap { door in (try? door.databases[door.name])?.address }
        return DoctorReport(
            server: "A server that cannot be asked", address: addresses.first ?? "an unknown address",
            findings: [.unreachable(entries.names, error)])
    }

    /// One, and of a cluster one of each primary. Throws if no login leads there.
    func reports(_ serverFlags: String) async throws(RedisError) -> [DoctorReport] {
        var reached: [Login.Reached] = []
        var refusals: [Finding] = []
        var refusal: RedisError?
        for login in logins {
            do throws(RedisError) {
                reached.append(try await login.reach())
            } catch {
                guard error.code == .authenticationFailed else { throw error }
                refusal = refusal ?? error
                refusals.append(login.finding(error))
            }
        }
        guard let first = reached.first else {
            throw refusal ?? RedisError(code: .unknownDatabase, message: "no name lives there", stage: .refused)
        }
        var reports: [DoctorReport] = []
        for part in first.parts {
            var facts = try await ServerFacts(of: part, waitingToLoad: false)
            if facts.mode == "standalone" {
                for login in logins {
                    await facts.askForNumbers(of: login.entries) { entry in
                        login.doors.first { $0.name == entry.name }.flatMap { try? $0.databases[$0.name] }
                    }
                }
            }
            var permissions: [ToolPermissions?] = []
            for login in facts.isLoading ? [] : reached {
                // By another login the same server.
                guard let same = login.parts.first(where: { $0.address == part.address }) ?? login.parts.first
                else { continue }
                permissions.append(try await ToolPermissions.ask(same, inCluster: facts.isCluster))
            }
            let isOpen = await part.isOpenToAnybody()
            if case .failure(let refusal) = isOpen { facts.refusals[Diagnosis.strangers] = refusal }
            // By the first login.
            if !permissions.isEmpty { permissions[0]?.take(facts.refusals) }
            let diagnosis = Diagnosis(
                facts, entries, permissions: permissions, refusals: refusals,
                isOpenToAnybody: try? isOpen.get(),
                certificateLife: try first.databases.certificateLife(of: part.name), serverFlags: serverFlags,
                isPart: first.isInCluster)
            reports.append(DoctorReport(server: facts.name, address: part.address, findings: diagnosis.findings))
        }
        return reports
    }
}

extension DoctoredServer.Login {
    /// What a login leads to: the server, or each primary of a cluster.
    struct Reached {
        let databases: RedisDatabases
        let parts: [RedisDatabase]
        let isInCluster: Bool
    }

    /// Logs in.
    fileprivate func reach() async throws(RedisError) -> Reached {
        var first: RedisError?
        for door in doors {
            do throws(RedisError) {
                let database = try door.databases[door.name]
                let parts = try await database.parts()
                // A server that loads its data answers this as well.
                try await parts.first?.reach()
                return Reached(databases: door.databases, parts: parts, isInCluster: database.isInCluster)
            } catch {
                guard error.code == .databaseOutOfRange || error.code == .databaseDenied else { throw error }
                first = first ?? error
            }
        }
        throw first ?? .strangeReply
    }

    fileprivate func finding(_ refusal: RedisError) -> Finding {
        let names = entries.map(\.name.text).joined(separator: ", ")
        return Finding(
            .error, "login", "nobody gets to \(names): \(refusal.message)",
            remedy: server == nil
                ? "Correct the login of --url, or of the environment."
                : "Correct the login in the URL that the catalogue has for \(names).")
    }
}

extension RedisDatabase {
    /// Throws if nobody can log in. What the server answers does not matter.
    fileprivate func reach() async throws(RedisError) {
        do throws(RedisError) {
            _ = try await send("ACL", "WHOAMI")
        } catch {
            if error.stage != .answered || error.code == .databaseDenied { throw error }
        }
    }

    /// Whether the default user is on and needs no password; why that is not known.
    fileprivate func isOpenToAnybody() async -> Result<Bool, RedisError> {
        do throws(RedisError) {
            let rules = try await send("ACL", "GETUSER", "default", as: [String: RESPValue].self)
            guard let flags = rules["flags"]?.elements else { return .failure(.strangeReply) }
            let words = flags.compactMap { try? String(redis: $0) }
            return .success(words.contains("on") && words.contains("nopass"))
        } catch {
            return .failure(error)
        }
    }
}
