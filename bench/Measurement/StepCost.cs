using OptimizerBuild.Plan;

namespace OptimizerBuild.Bench.Measurement;

/// <summary>What a step does, and what bounds its time by the machine's measured peaks.</summary>
/// <param name="Step">The kernel's class and method.</param>
/// <param name="Description">What the plan says of it.</param>
/// <param name="Microseconds">Its shortest time.</param>
/// <param name="Macs">Its multiply-accumulates.</param>
/// <param name="Bytes">The sizes of the buffers and weights that it names.</param>
/// <param name="ComputeShare">Its multiply-accumulates a second in proportion to the tile's peak.</param>
/// <param name="TransferShare">Its bytes a second in proportion to what a core reads where the model's working set lies.</param>
/// <param name="FitsCache">Whether that place is a cache.</param>
internal sealed record StepCost(
    string Step, string Description, double Microseconds, long Macs, long Bytes, double ComputeShare, double TransferShare, bool FitsCache)
{
    private static readonly string[] Weights = ["weights", "bias", "multipliers", "table", "tables"];
    private static readonly string[] Buffers =
        ["input", "output", "a", "b", "first", "second", "source", "destination", "data", "indices", "condition", "buffer"];

    /// <summary>Multiply-accumulates per second, in units of 10⁹.</summary>
    public double GigaMacs => Macs / Math.Max(Microseconds, 1e-3) / 1e3;

    /// <summary>
    /// The peak that the step comes nearest to: <c>compute</c>, <c>cache</c> or <c>memory</c>; <c>overhead</c> where it uses less than
    /// a quarter of each, because other instructions or calls take its time.
    /// </summary>
    public string Bound => Math.Max(ComputeShare, TransferShare) < 0.25 ? "overhead"
        : ComputeShare >= TransferShare ? "compute"
        : FitsCache ? "cache" : "memory";

    /// <summary>The cost of a step.</summary>
    /// <param name="plan">Its plan.</param>
    /// <param name="step">The step.</param>
    /// <param name="index">Its place among the plan's steps; −1 for the binding of an input.</param>
    /// <param name="microseconds">Its shortest time.</param>
    public static StepCost Of(ModelPlan plan, PlanCall step, int index, double microseconds)
    {
        long bytes = BytesOf(plan, step, index);
        int workingSet = plan.Weights.Bytes + plan.ArenaBytes;
        double bandwidth = Bandwidth.Of(workingSet);
        double peak = step.Kernel.StartsWith("Float32", StringComparison.Ordinal) ? TilePeaks.Float32 : TilePeaks.Int8;
        double nanoseconds = Math.Max(microseconds, 1e-3) * 1e3;
        return new(
            step.Kernel + "." + step.Method, step.Description, microseconds, step.Macs, bytes, step.Macs / nanoseconds / peak,
            bytes / nanoseconds / bandwidth, bandwidth > 2 * Bandwidth.Of(Bandwidth.Memory));
    }

    // Arguments that are offsets of buffers or of sections of the weights; which ones they are, their names tell.
    private static long BytesOf(ModelPlan plan, PlanCall step, int index)
    {
        int[] sections = [.. plan.Calls.SelectMany(WeightOffsets).Append(plan.Weights.Bytes).Distinct().Order()];
        return WeightOffsets(step).Sum(o => (long)sections.First(s => s > o) - o)
            + BufferOffsets(step).Sum(o => plan.Buffers
                .Where(b => b.FirstStep <= index && index <= b.LastStep && b.Offset <= o && o < b.Offset + b.Bytes)
                .Sum(b => (long)b.Bytes));
    }

    private static IEnumerable<int> WeightOffsets(PlanCall step) => step.Arguments.OfType<PlanArgument.Integer>()
        .Where(a => Weights.Contains(a.Name) || (Buffers.Contains(a.Name) && a.Value < 0))
        .Select(a => (int)(a.Value < 0 ? ~a.Value : a.Value));

    private static IEnumerable<int> BufferOffsets(PlanCall step) => step.Arguments.OfType<PlanArgument.Integer>()
        .Where(a => Buffers.Contains(a.Name) && a.Value >= 0)
        .Select(a => (int)a.Value);
}
