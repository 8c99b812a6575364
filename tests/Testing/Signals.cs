using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Coordinator.Testing;

/// <summary>Signals to processes that a test started, by their id.</summary>
public static partial class Signals
{
    public static void Kill(this Process process, Signal signal)
    {
        ArgumentNullException.ThrowIfNull(process);
        if (kill(process.Id, (int)signal) != 0)
        {
            throw new InvalidOperationException($"kill({process.Id}, {signal}) failed: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int kill(int pid, int signal);
}

/// <summary>The signals that tests send, by their Linux numbers.</summary>
public enum Signal
{
    None = 0,
    Interrupt = 2,
    Kill = 9,
    Terminate = 15,
    Continue = 18,
    Stop = 19,
}
