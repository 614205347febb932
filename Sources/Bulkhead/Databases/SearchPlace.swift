import BulkheadCommands

/// Whether commands that make a search index, or read documents by one, may run in a database.
///
/// RediSearch refuses to make an index outside of number 0. The index of number 0 takes in the keys of all numbers, and
/// a search in another number shows that number's content under the hits of number 0 (seen with 2.10.5).
struct SearchPlace: Sendable {
    private let number: Int
    private let refuses: Bool

    init(number: Int, isApart: Bool) {
        self.number = number
        refuses = number != 0 && !isApart
    }

    @inline(__always)
    func check(_ request: some Request) throws(RedisError) {
        if refuses { try refuse(request.special) }
    }

    private func refuse(_ special: [(position: Int, command: EncodedCommand)]) throws(RedisError) {
        guard let command = special.first(where: { $0.command.route == .searching })?.command else { return }
        throw RedisError(
            .commandRefused,
            "search indexes are those of number 0, and this is number \(number): use a name of number 0, nearest(…) or "
                + "a vector set; if the server keeps indexes apart by number, set keepsSearchIndexesApart",
            command: command.name)
    }
}
