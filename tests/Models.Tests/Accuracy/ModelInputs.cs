using OptimizerBuild.Graphs;
using OptimizerBuild.Options;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Models.Accuracy;

/// <summary>
/// What models are run on where bytes are compared: samples of their data, as many as a budget of multiply-accumulates allows, and
/// inputs that no data has (both ends of the range, far outside it, infinities, NaN, noise), so that every clamp is met.
/// </summary>
internal static class ModelInputs
{
    private static readonly float[] Extremes =
        [0, 1, -1, 255, 1e30f, -1e30f, float.PositiveInfinity, float.NegativeInfinity, float.NaN, float.Epsilon];

    /// <summary>The samples for one model.</summary>
    /// <param name="name">The model's name.</param>
    /// <param name="plan">Its plan: what callers pass.</param>
    /// <param name="budget">About how many multiply-accumulates all samples together may take.</param>
    /// <param name="most">At most so many samples of data.</param>
    public static List<Tensor[]> Of(string name, ModelPlan plan, long budget, int most)
    {
        int count = (int)Math.Clamp(budget / Math.Max(plan.Steps.Sum(s => s.Macs), 1), 4, most);
        ModelOptions options = SharedModels.Options(name);
        var random = new Random(7);
        var inputs = new List<Tensor[]>();
        foreach (IReadOnlyList<Tensor> sample in SharedModels.CalibrationSamples(options, SharedModels.Import(options), count))
            inputs.Add([.. plan.Inputs.Select((input, i) => Passed(input, sample[i], options))]);
        for (int round = 0; round < 2 * Extremes.Length; round++)
            inputs.Add([.. plan.Inputs.Select((input, i) => Hostile(input, inputs[0][i], round, random))]);
        return inputs;
    }

    // Data as the caller passes it: bytes where the predictor takes bytes.
    private static Tensor Passed(PlanInput input, Tensor sample, ModelOptions options) =>
        input.Type != BoundaryType.UInt8 || sample.Element == ElementType.UInt8
            ? sample
            : Tensor.Of(
                Array.ConvertAll(
                    sample.Values<float>(), v =>
                        (byte)Math.Clamp(Math.Round((v - options.InputOffset[0]) / options.InputScale[0]), 0, 255)),
                [.. input.Dimensions]);

    // Even rounds: one extreme everywhere. Odd rounds: noise with that extreme here and there.
    private static Tensor Hostile(PlanInput input, Tensor like, int round, Random random)
    {
        float extreme = Extremes[round / 2];
        bool everywhere = round % 2 == 0;
        Tensor result = Tensor.Zeros(like.Type);
        for (int i = 0; i < result.Count; i++)
        {
            object value = (like.Element, everywhere || random.Next(16) == 0) switch
            {
                (ElementType.Float32, true) => (object)extreme,
                (ElementType.Float32, false) => (float)(random.NextDouble() * 2) - 0.5f,
                (ElementType.UInt8, true) => (byte)(round / 2 * 28),
                (ElementType.UInt8, false) => (byte)random.Next(256),
                // Indices into tables and masks: what the sample has, in any order.
                (ElementType.Int64, _) => like.Values<long>()[everywhere ? round % like.Count : random.Next(like.Count)],
                (ElementType.Int32, true) => round / 2 * 28,
                (ElementType.Int32, false) => random.Next(257),
                _ => throw new NotSupportedException($"input '{input.OnnxName}' of {like.Type}"),
            };
            result.Data.SetValue(value, i);
        }
        return result;
    }
}
