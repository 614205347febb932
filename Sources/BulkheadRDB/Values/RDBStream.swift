/// A stream: its entries, its counters and its consumer groups.
package struct RDBStream: Sendable, Hashable {
    /// `milliseconds-sequence`.
    package struct ID: Sendable, Hashable, Comparable {
        package var milliseconds: UInt64
        package var sequence: UInt64

        package init(_ milliseconds: UInt64, _ sequence: UInt64) {
            self.milliseconds = milliseconds
            self.sequence = sequence
        }

        package static let zero = ID(0, 0)

        package static func < (left: ID, right: ID) -> Bool {
            (left.milliseconds, left.sequence) < (right.milliseconds, right.sequence)
        }
    }

    package struct Field: Sendable, Hashable {
        package var name: [UInt8]
        package var value: [UInt8]

        package init(name: [UInt8], value: [UInt8]) {
            self.name = name
            self.value = value
        }
    }

    /// Fields in the order they were added in; a name may be there more than once.
    package struct Entry: Sendable, Hashable {
        package var id: ID
        package var fields: [Field]

        package init(id: ID, fields: [Field]) {
            self.id = id
            self.fields = fields
        }
    }

    /// An entry that was delivered and not acknowledged; it may have been deleted since.
    package struct Pending: Sendable, Hashable {
        package var id: ID
        /// Milliseconds since 1970.
        package var deliveredAt: Int64
        package var deliveries: UInt64

        package init(id: ID, deliveredAt: Int64, deliveries: UInt64) {
            self.id = id
            self.deliveredAt = deliveredAt
            self.deliveries = deliveries
        }
    }

    package struct Consumer: Sendable, Hashable {
        package var name: [UInt8]
        /// When it last asked for anything, in milliseconds since 1970.
        package var seenAt: Int64
        /// When it last got something; -1 for never. Files from before Redis 7.2 do not have it: as ``seenAt``.
        package var activeAt: Int64
        /// What was delivered to it, ascending; each is in ``Group/pending``.
        package var pending: [ID]

        package init(name: [UInt8], seenAt: Int64, activeAt: Int64, pending: [ID]) {
            self.name = name
            self.seenAt = seenAt
            self.activeAt = activeAt
            self.pending = pending
        }
    }

    /// Who adds entries under names of its own, so that none comes in twice (Redis 8.6).
    package struct Producer: Sendable, Hashable {
        package struct Added: Sendable, Hashable {
            package var name: [UInt8]
            package var id: ID

            package init(name: [UInt8], id: ID) {
                self.name = name
                self.id = id
            }
        }

        package var name: [UInt8]
        package var added: [Added]

        package init(name: [UInt8], added: [Added]) {
            self.name = name
            self.added = added
        }
    }

    package struct Group: Sendable, Hashable {
        package var name: [UInt8]
        package var lastID: ID
        /// Entries that it has read of all that were ever added, or `nil` if that is not known.
        package var entriesRead: Int64?
        package var pending: [Pending]
        package var consumers: [Consumer]
        /// Pending entries of no consumer, because their consumer gave them back (Redis 8.8).
        package var givenBack: [ID]

        package init(
            name: [UInt8], lastID: ID, entriesRead: Int64?, pending: [Pending], consumers: [Consumer],
            givenBack: [ID] = []
        ) {
            self.name = name
            self.lastID = lastID
            self.entriesRead = entriesRead
            self.pending = pending
            self.consumers = consumers
            self.givenBack = givenBack
        }
    }

    /// Ascending, without those that were deleted.
    package var entries: [Entry]
    /// What `XLEN` says.
    package var length: UInt64
    package var lastID: ID
    /// The first entry's; ``ID/zero`` in an empty stream.
    package var firstID: ID
    package var maxDeletedID: ID
    /// Entries that were ever added.
    package var entriesAdded: UInt64
    package var groups: [Group]
    package var producers: [Producer]

    package init(
        entries: [Entry], length: UInt64, lastID: ID, firstID: ID, maxDeletedID: ID, entriesAdded: UInt64,
        groups: [Group], producers: [Producer] = []
    ) {
        self.entries = entries
        self.length = length
        self.lastID = lastID
        self.firstID = firstID
        self.maxDeletedID = maxDeletedID
        self.entriesAdded = entriesAdded
        self.groups = groups
        self.producers = producers
    }
}
