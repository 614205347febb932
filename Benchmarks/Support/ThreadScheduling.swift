/// How the system treats a benchmark's threads, so that the load does not disturb the measurement beside it.
///
/// - `giveWay()`: the calling thread runs when the others of the program have nothing to do; returns false, with
///   nothing changed, where the system refuses. There is no way back for the thread.
/// - `wakePunctually()`: the calling thread's sleeps end without the slack the system grants itself to save power
///   (50 µs on Linux), for the first thread of a program only; returns false where the system does not offer it.
package enum ThreadScheduling {}
