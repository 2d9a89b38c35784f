using System.Buffers.Binary;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Generators.Tests.Harness;

/// <summary>
/// A classifier small enough to check by hand: four bytes as floats, one dense layer, three scores
/// <c>0.5 · (weights · x + bias)</c>. Quantisation is the identity, so that the figures are exact.
/// </summary>
internal static class HandMadeModels
{
    public const string ResourceName = "OptimizerBuild.tiny-classifier.weights";

    private const int BiasOffset = 64;
    private const int MultiplierOffset = 128;
    private const int One = 1 << 30;

    private static readonly sbyte[][] Matrix = [[1, 0, 0, 0], [0, 2, 0, -1], [1, 1, 1, 1]];
    private static readonly int[] Bias = [10, -4, 0];
    private static readonly string[] Labels = ["T-shirt/top", "Trouser", "class"];

    /// <summary>The packed weights, as docs/kernels.md lays them out.</summary>
    public static byte[] Weights()
    {
        var bytes = new byte[160];
        for (int channel = 0; channel < Matrix.Length; channel++)
        {
            for (int k = 0; k < 4; k++)
                bytes[(channel * 4) + k] = unchecked((byte)Matrix[channel][k]);
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(BiasOffset + (channel * 4)), Bias[channel]);
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(MultiplierOffset + (channel * 4)), One);
        }
        return bytes;
    }

    /// <summary>What the model computes.</summary>
    public static float[] Expected(float[] x) =>
        [.. Matrix.Select((row, c) => 0.5f * (Bias[c] + row.Select((w, k) => w * (int)x[k]).Sum()))];

    /// <summary>The plan of the classifier.</summary>
    public static ModelPlan Classifier() => new()
    {
        Model = "tiny-classifier",
        ClassName = "TinyClassifier",
        Namespace = "Consumer",
        IsPublic = true,
        Facts = new("tiny-classifier.onnx", "00ff", "int8", 12, 60, "Top-1", 0.923, 0.9215, 10_000),
        Inputs = new([new PlanInput("image", "image", BoundaryType.Float32, new([1, 4]), Quantise(output: 0))]),
        Outputs = new([new PlanOutput("scores", "Scores", "scores", BoundaryType.Float32, new([1, 3]), 128)]),
        HasStartUp = true,
        Classifier = new(0, 3, false, new(Labels), PredictorNames.LabelIdentifiers(Labels)),
        Weights = new(ResourceName, 160, Checksum(Weights())),
        ArenaBytes = 192,
        Buffers = new(
        [
            new PlanBuffer("image", 0, 4, -1, 0, ""),
            new PlanBuffer("sums", 64, 12, 0, 1, ""),
            new PlanBuffer("scores", 128, 12, 1, 2, ""),
        ]),
        Values = new(
        [
            new PlanValue("image", BoundaryType.UInt8, new([1, 4]), 0, new([4, 1]), BitConverter.SingleToInt32Bits(1f), 0),
            new PlanValue("/fc/sums", BoundaryType.Int32, new([1, 3]), 64, new([12, 4]), BitConverter.SingleToInt32Bits(0.5f), 0),
            new PlanValue("scores", BoundaryType.Float32, new([1, 3]), 128, new([12, 4]), null, 0),
        ]),
        Steps = new([Dense("/fc/Gemm", input: 0, output: 64), Dequantise(input: 64, output: 128)]),
    };

    /// <summary>The same computation as a model that is no classifier.</summary>
    public static ModelPlan Regressor() => Classifier() with { Model = "tiny-regressor", ClassName = "TinyRegressor", Classifier = null };

    /// <summary>A project with the classifier and some code that uses it.</summary>
    public static ConsumerProject Project(params string[] sources) => Project([Classifier()], sources);

    /// <summary>A project with plans over the classifier's weights and some code that uses them.</summary>
    public static ConsumerProject Project(IReadOnlyList<ModelPlan> plans, params string[] sources) => new()
    {
        Plans = [.. plans.Select(PlanWriter.Write)],
        Sources = sources,
        Resources = new Dictionary<string, byte[]> { [ResourceName] = Weights() },
    };

    public static PlanCall Quantise(int output, string node = "image", int length = 4) => Step(
        "QuantizeInput", "FromFloat32", node, "quantise 1×4", 0,
        ("sourceImageStride", length), ("sourceRowStride", length), ("sourcePixelStride", length), ("sourceChannelStride", 1),
        ("output", output), ("outputImageStride", length), ("outputRowStride", length), ("outputPixelStride", length),
        ("inverseScale", 1f), ("zeroPoint", 0), ("images", 1), ("height", 1), ("width", 1), ("channels", length));

    public static PlanCall Dense(string node, int input, int output) => Step("Int8Dense", "RunWide", node, "Gemm 1×4 → 1×3", 12,
        ("input", (input, "image")), ("inputRowStride", 4), ("output", (output, "sums")), ("outputRowStride", 12), ("weights", 0),
            ("bias", BiasOffset),
        ("multipliers", MultiplierOffset), ("shift", 30), ("rows", 1), ("inputs", 4), ("outputs", 3), ("pairSums", 0));

    public static PlanCall Dequantise(int input, int output) => Step("Dequantize", "Int32ToFloat32", "scores", "dequantise 1×3", 0,
        ("input", (input, "sums")), ("inputImageStride", 12), ("inputRowStride", 12), ("output", (output, "scores")),
            ("outputImageStride", 12),
        ("outputRowStride", 12), ("scale", 0.5f), ("images", 1), ("rows", 1), ("rowLength", 3));

    /// <summary>The binding of an input of strings.</summary>
    public static PlanCall Texts(string node, int destination, int count)
    {
        PlanCall call = Step("StringLookup", "Run", node, "strings", 0, ("destination", destination), ("count", count));
        return call with { Arguments = new([.. call.Arguments, new PlanArgument.Strings("table")]) };
    }

    public static PlanCall Step(
        string kernel, string method, string node, string description, long macs, params (string Name, object Value)[] arguments) =>
        new(kernel, method, node, description, macs, new(arguments.Select(a => (PlanArgument)(a.Value switch
        {
            float real => new PlanArgument.Real(a.Name, BitConverter.SingleToInt32Bits(real)),
            int[] integers => new PlanArgument.Integers(a.Name, new(integers)),
            int integer => new PlanArgument.Integer(a.Name, integer),
            (int offset, string buffer) => new PlanArgument.Integer(a.Name, offset) { Buffer = buffer },
            long integer => new PlanArgument.Integer(a.Name, integer),
            _ => throw new ArgumentException("no argument of a plan", nameof(arguments)),
        }))));

    /// <summary>The checksum of <c>PackedWeights</c>, written independently from its description.</summary>
    public static ulong Checksum(byte[] bytes)
    {
        ulong hash = 0xCBF29CE484222325;
        unchecked
        {
            int words = bytes.Length / 8;
            for (int i = 0; i <= words; i++)
            {
                ulong word = 0;
                for (int b = 0; b < 8 && (i * 8) + b < bytes.Length; b++)
                    word |= (ulong)bytes[(i * 8) + b] << (8 * b);
                hash = (hash ^ word) * 0x100000001B3;
                if (i < words)
                    hash ^= hash >> 32;
            }
        }
        return hash;
    }
}
