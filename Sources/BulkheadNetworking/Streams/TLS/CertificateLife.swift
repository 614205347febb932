extension ConnectionSettings {
    /// How long the server's certificate is valid from now on, less than zero where it has ended and nobody checks; nil
    /// without TLS.
    ///
    /// Connects and shakes hands for it before `deadline`, says nothing, and leaves nothing open. Blocks its thread.
    package func certificateLife(until deadline: Moment) throws(ConnectionFailure) -> Duration? {
        try connecting(until: deadline) { found throws(ConnectionFailure) in
            guard found.tls != nil else { return nil }
            let stream = try ByteStream.open(found, until: deadline)
            defer { stream.close() }
            return try (stream.layer as? TLSSession)?.certificateLife
        }
    }
}

extension TLSSession {
    /// How long the peer's certificate is valid from now on.
    fileprivate var certificateLife: Duration {
        get throws(ConnectionFailure) {
            var (days, seconds): (Int32, Int32) = (0, 0)
            guard let certificate = library.takeCertificate(connection) else { throw unreadableCertificate }
            defer { library.freeCertificate(certificate) }
            guard library.timeDifference(&days, &seconds, nil, library.certificateEnd(certificate)) == 1 else {
                throw unreadableCertificate
            }
            return .seconds(Int64(days) * 86_400 + Int64(seconds))
        }
    }

    private var unreadableCertificate: ConnectionFailure {
        ConnectionFailure(.tlsFailed, "OpenSSL does not say when the certificate of \(endpoint) ends")
    }
}
