/// The only place where this package's version stands: the handshake tells it to servers, `bulkhead --version` prints
/// it, and the changelog's newest heading must name it.
package enum LibraryVersion {
    package static let number = "0.2.0"
}
