namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;
using global::System.Threading;

/// <summary>
/// What the instances of one predictor class have in common while their process is young: at first their products run in small code that
/// is compiled in no time (<see cref="Workspace.IsStarting"/>); from the second prediction on a thread in the background compiles the fast
/// code, which all instances take as soon as it is there. A process that makes one prediction never pays for it.
/// </summary>
/// <remarks>The results are the same bytes in either code, so it does not matter which prediction is the first in the fast one.</remarks>
internal sealed class StartUp
{
    // States, in their order.
    private const int Idle = 0;
    private const int Begun = 1;
    private const int Compiling = 2;
    private const int Over = 3;

    /// <summary>
    /// Multiply-accumulates that scalar code does in the time in which the JIT compiles the fast code, about 50 ms. What vectors do in that
    /// time the build compares with (<c>ExecutionRules.MostWorkForStartUp</c>).
    /// </summary>
    private const long MostWorkOfScalars = 40_000_000;

    private readonly Action _compile;
    private int _state;

    /// <summary>
    /// The start of a predictor class. It is over at once where there is nothing to compile or no thread to do it, and where the small code
    /// would take longer than compiling the fast one.
    /// </summary>
    /// <param name="compile">Runs all fast code once, so that it is compiled, with memory of its own.</param>
    /// <param name="macs">Multiply-accumulates of a prediction.</param>
    public StartUp(Action compile, long macs)
    {
        _compile = compile;
        if (!RuntimeFeature.IsDynamicCodeCompiled || OperatingSystem.IsBrowser() || OperatingSystem.IsWasi()
            || (macs > MostWorkOfScalars && !Int8StartUpVectors.IsSupported))
        {
            _state = Over;
        }
    }

    /// <summary>Whether the fast code is there, or predictions no longer wait for it.</summary>
    public bool IsOver => Volatile.Read(ref _state) == Over;

    /// <summary>Says that a prediction begins; the second one starts the thread.</summary>
    /// <returns>Whether it is to run in the small code.</returns>
    public bool Continues()
    {
        if (Volatile.Read(ref _state) == Idle && Interlocked.CompareExchange(ref _state, Begun, Idle) == Idle)
            return true;
        if (Volatile.Read(ref _state) == Begun && Interlocked.CompareExchange(ref _state, Compiling, Begun) == Begun)
            Launch();
        return !IsOver;
    }

    /// <summary>Ends the start: all further predictions run in the fast code.</summary>
    public void End() => Volatile.Write(ref _state, Over);

    private void Launch()
    {
        // A thread that has to share the only processor would make predictions slower instead: the next one compiles as it goes.
        if (Environment.ProcessorCount == 1)
        {
            End();
            return;
        }

        try
        {
            new Thread(Compile) { IsBackground = true, Name = "OptimizerBuild start-up" }.UnsafeStart();
        }
        catch (Exception e) when (e is OutOfMemoryException or ThreadStartException)
        {
            End();
        }
    }

    // Whatever goes wrong here would go wrong in a prediction, too, where its caller hears of it.
    private void Compile()
    {
        try
        {
            _compile();
        }
        catch (Exception e) when (e is not null)
        {
        }
        finally
        {
            End();
        }
    }
}
