import Bulkhead
import BulkheadConsole

// What a server's surroundings may do to its data: a failover, a move of slots, whoever sees the network.

extension Diagnosis {
    /// A primary that is cut off from its replicas acknowledges writes that the next primary never sees.
    var replication: [Finding] {
        guard !facts.isReplica, (facts.number("connected_slaves") ?? 0) > 0, !durable.isEmpty,
            facts.settings?["min-replicas-to-write"] == "0"
        else { return [] }
        return [
            Finding(
                .warning, "min-replicas",
                "min-replicas-to-write is 0: a primary that is cut off from its replicas goes on acknowledging "
                    + "writes to \(names(durable)), and a failover loses them",
                remedy: "Set min-replicas-to-write 1 and min-replicas-max-lag 10: without a replica the primary then "
                    + "refuses writes.")
        ]
    }

    /// Only Valkey has more than one database in a cluster.
    var resharding: [Finding] {
        guard facts.mode == "cluster", (facts.databaseCount ?? 1) > 1 else { return [] }
        let beyond = entries.filter { $0.number > 0 && $0.aliasOf == nil }
        guard !beyond.isEmpty else { return [] }
        let what =
            "CLUSTER SETSLOT with MIGRATE takes along only keys of the database that it asks for: "
            + "those of \(names(beyond)) may be lost"
        let remedy = "Move slots by CLUSTER MIGRATESLOTS, which takes the keys of all databases."
        return [
            facts.cluster?.movesKeyByKey == true
                ? Finding(.error, "resharding", "a slot is being moved key by key: \(what)", remedy: remedy)
                : Finding(.note, "resharding", what, remedy: remedy)
        ]
    }

    var encryption: [Finding] {
        let port = facts.settings?["tls-port"].flatMap { Int($0) } ?? 0
        guard let certificateLife else {
            guard port > 0, facts.number("tcp_port") != 0, !facts.isLocal else { return [] }
            return [
                Finding(
                    .warning, "tls",
                    "the server has TLS on port \(port), and is reached without it here: whoever sees the network "
                        + "reads passwords and values",
                    remedy: "Use rediss:// with port \(port).")
            ]
        }
        var found: [Finding] = []
        let days = certificateLife.components.seconds / 86_400
        if certificateLife < .zero {
            found.append(
                Finding(
                    .error, "certificate",
                    "the server's certificate has ended, and is accepted because these settings check none",
                    remedy: "Renew it, and check it again."))
        } else if days < Self.certificateDays {
            found.append(
                Finding(
                    .warning, "certificate",
                    "the server's certificate ends in \(counted(Int(days), "day")): from then on no client connects",
                    remedy: "Renew it. A running server reads the new files on CONFIG SET tls-cert-file."))
        }
        if let open = facts.number("tcp_port"), open > 0, port > 0, !facts.isLocal {
            found.append(
                Finding(
                    .note, "tls", "the server answers on port \(open) too, without TLS",
                    remedy: "Set port 0 when all clients use TLS."))
        }
        return found
    }

    /// Days before its end from which on somebody should renew a certificate.
    private static let certificateDays = 30
}

extension ServerFacts {
    /// Only its own machine reaches the server, as far as its configuration says.
    var isLocal: Bool {
        let addresses = (settings?["bind"] ?? "").split(separator: " ").map { $0.drop { $0 == "-" } }
        return !addresses.isEmpty && addresses.allSatisfy { $0.hasPrefix("127.") || $0 == "::1" }
    }
}
