namespace OptimizerBuild.Lowering;

/// <summary>Which code a predictor has beside that of its steps, by the work of one prediction. The plan says what was decided.</summary>
internal static class ExecutionRules
{
    /// <summary>
    /// Multiply-accumulates of a prediction from which on it is worth several threads: about a tenth of a millisecond on one. Handing
    /// out a step costs about a microsecond, waking the threads about ten (<c>bench threads</c>).
    /// </summary>
    public const long LeastWorkForThreads = 20_000_000;

    /// <summary>
    /// Multiply-accumulates of a prediction up to which its first one in a process is quicker in small code than in fast code that has to
    /// be compiled first (<c>bench first</c>): with many kinds of layers twice as quick at 300 million, with few kinds even at 330.
    /// </summary>
    public const long MostWorkForStartUp = 320_000_000;

    /// <summary>Whether one prediction may run on several threads, if its user asks for them.</summary>
    /// <param name="macs">Multiply-accumulates of a prediction.</param>
    public static bool UsesThreads(long macs) => macs >= LeastWorkForThreads;

    /// <summary>Whether the first predictions of a process run in small code.</summary>
    /// <param name="macs">Multiply-accumulates of a prediction.</param>
    public static bool HasStartUp(long macs) => macs is > 0 and <= MostWorkForStartUp;
}
