using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Lowering.Float32;
using OptimizerBuild.Lowering.Weights;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Recurrent;

namespace OptimizerBuild.Lowering.Recurrent;

/// <summary>
/// Recurrent layers: one step for each direction, which loops over time. Constant weights of the state are packed as those of a dense
/// layer,
/// in float32 or as s8; others are read as a matrix whose columns are the rows of the weights.
/// </summary>
internal abstract class RecurrentLowering : NodeLowering
{
    /// <summary>The kernel for float32 weights.</summary>
    protected abstract string FloatKernel { get; }

    /// <summary>The kernel for s8 weights.</summary>
    protected abstract string IntegerKernel { get; }

    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node)
    {
        TensorType x = context.Graph.TypeOf(node.Inputs[0]), r = context.Graph.TypeOf(node.Inputs[1]);
        (int steps, int batch, int size) = (x.Dimensions[0], x.Dimensions[1], r.Dimensions[2]);
        int directions = RecurrentOperator.Directions(node);
        RecurrentOperator layer = node.As<RecurrentOperator>()!;
        Storage[] outputs = [.. Enumerable.Range(0, 1 + layer.States).Select(o => HasOutput(node, o)
            ? context.Create(node.Outputs[o])
            : context.CreateScratch(node, ElementType.Float32, o == 0 ? [steps, directions, batch, size] : [directions, batch, size]))];
        if (batch == 0)
            return;
        Storage gates = context.InArena(node, context.ReadFloat32(node, node.Inputs[0]));
        Storage lengths = node.HasInput(3) ? context.Dense(node, context.Read(node, node.Inputs[3])) : Whole(context, steps, batch);
        Storage[] states = [.. Enumerable.Range(4, layer.States).Select(i => node.HasInput(i)
            ? context.ReadFloat32(node, node.Inputs[i])
            : context.Constant(new float[directions * batch * size], directions, batch, size))];
        // Everything that is read is made ready before the steps.
        Storage? further = Further(context, node), columns = context.Graph.IsConstant(node.Inputs[1]) ? null
            : context.Dense(node, context.Read(node, node.Inputs[1]).Permuted(0, 2, 1));
        bool integer = context.IsInteger(node);
        long macs = context.Macs(node) / directions;
        for (int d = 0; d < directions; d++)
        {
            RecurrentFunction[] functions = RecurrentFunction.Of(node, d, layer.DefaultActivations.Length);
            float[] factors = [.. functions.SelectMany(f => (float[])[f.Alpha, f.Beta])];
            LoweredStep step = context.Step(integer ? IntegerKernel : FloatKernel, "Run", node,
                    $"{node.OpType} {steps}×{batch}×{size}{(RecurrentOperator.IsReverse(node, d) ? " backwards" : "")}", macs)
                .Operand("gates", gates);
            int last = integer ? Integer(context, node, step, d) : Float(context, node, step, columns, d);
            if (further is not null)
                step.Operand(FurtherName, further);
            else if (FurtherName.Length > 0)
                step.Int(FurtherName, 0);
            step.Operand("lengths", lengths).Operand("factors", context.Constant(factors, factors.Length));
            step.Operand("initialHidden", states[0]);
            if (layer.States > 1)
                step.Operand("initialCell", states[1]);
            step.Write("output", outputs[0]).Write("hidden", outputs[1]);
            if (layer.States > 1)
                step.Write("cell", outputs[2]);
            step.Int("steps", steps)
                .Int("batch", batch)
                .Int("size", size)
                .Int("direction", d)
                .Int("directions", directions)
                .Int("reverse", RecurrentOperator.IsReverse(node, d) ? 1 : 0)
                .Int(integer ? "levels" : "weightStep", last);
            Forms(node, step);
            string[] names = functions.Length == 1 ? ["function"] : ["gateFunction", "candidateFunction", "outputFunction"];
            for (int f = 0; f < functions.Length; f++)
                step.Int(names[f], functions[f].Number);
            step.Real("clip", RecurrentOperator.Clip(node));
        }
    }

    /// <summary>The name of what the kernel reads behind the weights; empty where there is nothing.</summary>
    protected virtual string FurtherName => "";

    /// <summary>What the kernel reads behind the weights; null where it does not look at it.</summary>
    protected virtual Storage? Further(LoweringContext context, Node node) => null;

    /// <summary>Adds what the kernel is told before the activations.</summary>
    protected abstract void Forms(Node node, LoweredStep step);

    /// <summary>The row at which a second part of the weights begins, which is multiplied by itself; 0 where there is none.</summary>
    protected virtual int SecondPart(Node node, int size) => 0;

    /// <summary>An optional input; null where it is omitted.</summary>
    protected static Storage? Optional(LoweringContext context, Node node, int input) =>
        node.HasInput(input) ? context.ReadFloat32(node, node.Inputs[input]) : null;

    // Returns the distance of the weights of neighbouring elements of the state.
    private int Float(LoweringContext context, Node node, LoweredStep step, Storage? columns, int direction)
    {
        TensorType r = context.Graph.TypeOf(node.Inputs[1]);
        (int rows, int size) = (r.Dimensions[1], r.Dimensions[2]);
        if (columns is not null)
        {
            step.Operand("weights", columns, direction * rows * size * sizeof(float));
            return rows * sizeof(float);
        }
        float[] weights = Parts(context.Graph.Constant(node.Inputs[1])!.Values<float>(), direction, rows, size, SecondPart(node, size),
            out int padded);
        step.Operand("weights", context.Layer(node, LayerShape.OfRows(padded, size), weights));
        return DenseFloat32.Panel * sizeof(float);
    }

    // Returns the greatest level of the state.
    private int Integer(LoweringContext context, Node node, LoweredStep step, int direction)
    {
        TensorType r = context.Graph.TypeOf(node.Inputs[1]);
        (int rows, int size) = (r.Dimensions[1], r.Dimensions[2]);
        WeightQuantization quantized = context.Quantization!.Weights[node.Name];
        sbyte[] weights = Parts(quantized.Values, direction, rows, size, SecondPart(node, size), out int padded);
        WeightSection section = context.AddLayer(node, LayerShape.OfRows(padded, size), Tensor.Of(weights, padded, size, 1), out _);
        float[] scales = Parts([.. quantized.Scales.Select(s => (float)s)], direction, rows, 1, SecondPart(node, size), out _);
        step.Int("weights", section.Offset).Int("scales", context.Weights.Add<float>(scales));
        return StateLevels.Greatest(quantized.Values, size);
    }

    // The rows of a direction, a second part at the begin of a panel.
    private static T[] Parts<T>(T[] all, int direction, int rows, int size, int second, out int padded)
    {
        int moved = second == 0 ? 0 : DenseFloat32.Rounded(second) - second;
        padded = rows + moved;
        var parts = new T[padded * size];
        int first = second == 0 ? rows : second;
        Array.Copy(all, direction * rows * size, parts, 0, first * size);
        Array.Copy(all, ((direction * rows) + first) * size, parts, (first + moved) * size, (rows - first) * size);
        return parts;
    }

    // Lengths of sequences that all have all steps.
    private static Storage Whole(LoweringContext context, int steps, int batch)
    {
        int[] lengths = [.. Enumerable.Repeat(steps, batch)];
        return new()
        {
            Buffer = null,
            Origin = context.Weights.Add<int>(lengths),
            Element = ElementType.Int32,
            Dimensions = [batch],
            Strides = [sizeof(int)],
        };
    }

    private static bool HasOutput(Node node, int output) => node.Outputs.Length > output && node.Outputs[output].Length > 0;
}

/// <summary>LSTM.</summary>
[Lowers(LoweringForm.Native, typeof(LstmOperator))]
[Lowers(LoweringForm.Integer, typeof(LstmOperator))]
internal sealed class LstmLowering : RecurrentLowering
{
    /// <inheritdoc/>
    protected override string FloatKernel => nameof(Float32Lstm);

    /// <inheritdoc/>
    protected override string IntegerKernel => nameof(Int8Lstm);

    /// <inheritdoc/>
    protected override string FurtherName => "peepholes";

    /// <inheritdoc/>
    protected override Storage? Further(LoweringContext context, Node node) => Optional(context, node, 6);

    /// <inheritdoc/>
    protected override void Forms(Node node, LoweredStep step) =>
        step.Int("hasPeepholes", node.HasInput(6) ? 1 : 0).Int("coupled", LstmOperator.IsCoupled(node) ? 1 : 0);
}

/// <summary>GRU.</summary>
[Lowers(LoweringForm.Native, typeof(GruOperator))]
[Lowers(LoweringForm.Integer, typeof(GruOperator))]
internal sealed class GruLowering : RecurrentLowering
{
    /// <inheritdoc/>
    protected override string FloatKernel => nameof(Float32Gru);

    /// <inheritdoc/>
    protected override string IntegerKernel => nameof(Int8Gru);

    /// <inheritdoc/>
    protected override int SecondPart(Node node, int size) => GruOperator.IsLinear(node) ? 0 : 2 * size;

    /// <inheritdoc/>
    protected override string FurtherName => "bias";

    /// <inheritdoc/>
    protected override Storage? Further(LoweringContext context, Node node)
    {
        int count = RecurrentOperator.Directions(node) * context.Graph.TypeOf(node.Inputs[1]).Dimensions[2];
        return Optional(context, node, 2) ?? (GruOperator.IsLinear(node) ? context.Constant(new float[count], count) : null);
    }

    /// <inheritdoc/>
    protected override void Forms(Node node, LoweredStep step) => step.Int("linear", GruOperator.IsLinear(node) ? 1 : 0);
}

/// <summary>RNN.</summary>
[Lowers(LoweringForm.Native, typeof(RnnOperator))]
[Lowers(LoweringForm.Integer, typeof(RnnOperator))]
internal sealed class RnnLowering : RecurrentLowering
{
    /// <inheritdoc/>
    protected override string FloatKernel => nameof(Float32Rnn);

    /// <inheritdoc/>
    protected override string IntegerKernel => nameof(Int8Rnn);

    /// <inheritdoc/>
    protected override void Forms(Node node, LoweredStep step)
    {
    }
}
