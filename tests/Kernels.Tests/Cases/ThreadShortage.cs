using System.Globalization;
using System.Runtime.InteropServices;

namespace OptimizerBuild.Kernels.Tests.Cases;

/// <summary>
/// A prediction that wants more threads than the system gives, then the same again when it gives them. Linux only; for a child process,
/// whose threads have stacks so large (<see cref="StackBytes"/>) that the limit on memory is one on threads.
/// </summary>
internal static class ThreadShortage
{
    /// <summary>Threads that the prediction asks for, its own included; the process has to believe in as many processors.</summary>
    public const int Threads = 8;

    /// <summary>Bytes of every thread's stack, which the caller sets in the environment.</summary>
    public const long StackBytes = 1L << 28;

    // What Linux's RLIMIT_AS is called.
    private const int AddressSpace = 9;
    private static readonly nuint Unlimited = nuint.MaxValue;

    /// <summary>Prints whether the first attempt failed, on how many threads the second one ran, and how many workers there are.</summary>
    public static int Run()
    {
        Workspace w = KernelCases.All[0].Workspace();
        w.Parallelism = Threads;
        Limit((nuint)(Mapped() + (7 * StackBytes / 2)));
        bool failed = false;
        try
        {
            w.EnterThreads();
            w.LeaveThreads();
        }
        catch (OutOfMemoryException)
        {
            failed = true;
        }

        Limit(Unlimited);
        w.EnterThreads();
        int threads = w.Threads;
        w.LeaveThreads();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"failed {failed}, then {threads} threads, {Workers()} workers"));
        return 0;
    }

    private static long Mapped() =>
        long.Parse(File.ReadAllText("/proc/self/statm").Split(' ')[0], CultureInfo.InvariantCulture) * Environment.SystemPageSize;

    // Linux keeps the first fifteen characters of a thread's name.
    private static int Workers() => Directory.GetDirectories("/proc/self/task")
        .Count(t => File.ReadAllText(Path.Combine(t, "comm")).StartsWith("OptimizerBuild ", StringComparison.Ordinal));

    private static void Limit(nuint bytes)
    {
        var limit = new Native.Limit { Soft = bytes, Hard = Unlimited };
        if (Native.Set(AddressSpace, in limit) != 0)
            throw new InvalidOperationException("setrlimit failed");
    }

    private static class Native
    {
        [DllImport("libc", EntryPoint = "setrlimit", SetLastError = true)]
        public static extern int Set(int resource, in Limit limit);

        public struct Limit
        {
            public nuint Soft;
            public nuint Hard;
        }
    }
}
