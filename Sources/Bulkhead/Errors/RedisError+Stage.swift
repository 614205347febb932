extension RedisError {
    /// How far a command had come when it failed.
    ///
    /// | Stage | Where it was | The server has run it |
    /// |---|---|---|
    /// | ``refused`` | on this side | no |
    /// | ``queued`` | in a queue for a connection, or on one | no |
    /// | ``connecting`` | waiting for its connection to be made | no |
    /// | ``writing`` | partly in the socket | perhaps |
    /// | ``sent`` | in the socket | perhaps |
    /// | ``answered`` | answered | the answer says |
    public struct Stage: RawRepresentable, Sendable, Hashable, Codable {
        /// One word, fit for a metric label: `queued`.
        public let rawValue: String

        /// A stage by its word.
        public init(rawValue: String) { self.rawValue = rawValue }

        /// Refused on this side; nothing was sent.
        public static let refused = Stage(rawValue: "refused")
        /// In a queue for a connection, or on one; nothing was sent.
        public static let queued = Stage(rawValue: "queued")
        /// Its connection was being made; nothing was sent.
        public static let connecting = Stage(rawValue: "connecting")
        /// Some of its bytes are in the socket, which took no more.
        public static let writing = Stage(rawValue: "writing")
        /// Sent, or perhaps sent, and not answered: the server may have run it.
        public static let sent = Stage(rawValue: "sent")
        /// The server answered.
        public static let answered = Stage(rawValue: "answered")
    }
}
