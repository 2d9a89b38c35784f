using OptimizerBuild.Graphs;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Evaluation;

/// <summary>
/// Checks that a plan's outputs depend on nothing but its inputs: an element that no step wrote, or that was computed from memory that no
/// step wrote, shows what the arena held before. A failure is a defect of a lowering or a kernel, never of the user's model.
/// </summary>
internal static class MemoryVerifier
{
    // Two patterns that differ in every bit, neither of them what memory holds at first.
    private const byte First = 0x5A;
    private const byte Second = 0xA5;

    // Larger plans are not run for this alone: it would hold up the build.
    private const long MostMacs = 4_000_000_000;
    private const int MostSteps = 500;

    /// <summary>Runs the executor's entry on zeros over memory of two patterns and compares the outputs, bit for bit.</summary>
    /// <exception cref="InvalidOperationException">An output depends on what the memory held.</exception>
    public static void Verify(PlanExecutor executor)
    {
        // What a loop without a bound does on zeros nobody knows.
        if (PlanSteps.MacsOf(executor.Entry.Steps) > MostMacs || PlanSteps.LinesOf(executor.Entry.Steps) > MostSteps
            || PlanSteps.Numbered(executor.Entry.Steps).Any(s => s.Step is PlanLoop { Bound: null }))
            return;
        Tensor[] inputs = [.. executor.Entry.Inputs.Select(i =>
            Tensor.Zeros(TensorType.Of(PlanExecutor.ToElement(i.Type), [.. i.Dimensions])))];
        Tensor[] first = executor.RunOver(First, inputs), second = executor.RunOver(Second, inputs);
        for (int o = 0; o < first.Length; o++)
        {
            // Each run makes texts of its own.
            if (first[o].Element == ElementType.String)
            {
                int equal = first[o].Values<string>().AsSpan().CommonPrefixLength(second[o].Values<string>());
                Require(equal == first[o].Count, o, equal, "text");
                continue;
            }
            ReadOnlySpan<byte> a = PlanExecutor.Bytes(first[o]), b = PlanExecutor.Bytes(second[o]);
            int same = a.CommonPrefixLength(b);
            Require(same == a.Length, o, same, "byte");
        }

        void Require(bool isSame, int output, int from, string unit)
        {
            if (!isSame)
                throw new InvalidOperationException(
                    $"output '{executor.Entry.Outputs[output].OnnxName}' depends on memory that no step wrote, from its {unit} {from} on");
        }
    }
}
