using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Recurrent;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>
/// A recurrent layer: the products with the inputs of all steps and directions become one layer, which is quantised and computed as any
/// other, and a loop over the steps follows. Both compute in float32.
/// </summary>
[Input(0, "X", Elements.Floats, Variable = "T")]
[Input(1, "W", Elements.Floats, Variable = "T")]
[Input(2, "R", Elements.Floats, Variable = "T")]
[Input(3, "B", Elements.Floats, Variable = "T", Optional = true)]
[Input(4, "sequence_lens", Elements.Int32, Optional = true)]
[Input(5, "initial_h", Elements.Floats, Variable = "T", Optional = true)]
[Output(0, "Y", Optional = true)]
[Output(1, "Y_h", Optional = true)]
[Parameter("activation_alpha", ParameterKind.Floats)]
[Parameter("activation_beta", ParameterKind.Floats)]
[Parameter("activations", ParameterKind.Strings)]
[Parameter("clip", ParameterKind.Float)]
[Parameter("direction", ParameterKind.String, Choices = ["forward", "reverse", "bidirectional"])]
[Parameter("hidden_size", ParameterKind.Int, Minimum = 1)]
[Parameter("layout", ParameterKind.Int, From = 14)]
[Parameter("output_sequence", ParameterKind.Int, Until = 6)]
internal abstract class RecurrentExpansion<TOperator> : Expansion
    where TOperator : RecurrentOperator, new()
{
    private readonly TOperator _operator = new();

    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        bool batchFirst = context.Node.Int("layout", 0) != 0;
        ElementType element = context.Type(0).Element;
        string x = Real(context, 0, batchFirst, 1, 0, 2);
        TensorType type = context.TypeOf(x), w = context.Type(1), r = context.Type(2);
        string direction = context.Node.Text("direction", "forward");
        int directions = direction == "bidirectional" ? 2 : 1;
        int size = r.Rank == 3 ? r.Dimensions[2] : 0, rows = _operator.Gates * size;
        if (type.Rank != 3 || w.Rank != 3 || size == 0 || w.Dimensions[0] != directions || r.Dimensions[0] != directions
            || w.Dimensions[1] != rows || r.Dimensions[1] != rows || w.Dimensions[2] != type.Dimensions[2])
            throw context.Invalid($"its input is {type}, its weights are {w} and {r} for {directions} directions");
        if (context.Has(3) && context.Type(3) is var b && !b.Dimensions.SequenceEqual([directions, 2 * rows]))
            throw context.Invalid($"its biases are {b} instead of [{directions},{2 * rows}]");
        (int steps, int batch, int inputs) = (type.Dimensions[0], type.Dimensions[1], type.Dimensions[2]);
        Biases biases = Split(context, directions, rows, size);
        string weights = context.Reshape(Real(context, 1), (long)directions * rows, inputs);
        Node product = ExpansionContext.New("Gemm", [context.Reshape(x, (long)steps * batch, inputs), weights,
            .. biases.Added is { } added ? (string[])[added] : []]).With("transB", 1);
        string gates = context.Reshape(context.Add(product), steps, batch, (long)directions * rows);
        Node loop = Attributes(context, NodeOperators.New<TOperator>("", [gates, Real(context, 2), biases.Kept ?? "",
            context.Has(4) ? context[4] : "",
            .. Enumerable.Range(5, context.Node.Inputs.Length <= 5 ? 0 : context.Node.Inputs.Length - 5).Select(i =>
                !context.Has(i) ? "" : i == 7 ? Real(context, i) : Real(context, i, batchFirst, 1, 0, 2))], []), directions);
        string[] results = context.Add(loop.With("direction", new AttributeValue.Text(direction)), 1 + _operator.States);
        // [steps, directions, batch, size] or with the batch first [batch, steps, directions, size].
        for (int i = 0; i < results.Length; i++)
            if (context.Gives(i))
                context.Return(i, context.Cast(
                    !batchFirst ? results[i]
                    : i == 0 ? context.Transpose(results[i], 2, 0, 1, 3) : context.Transpose(results[i], 1, 0, 2),
                    element));
    }

    /// <summary>The attributes that only this layer has, on the node that takes its place.</summary>
    protected virtual Node With(ExpansionContext context, Node loop) => loop;

    /// <summary>
    /// How many rows' biases beside the products with the state stay there, instead of being added to those beside the inputs: the last
    /// ones.
    /// </summary>
    protected virtual int KeptRows(ExpansionContext context, int size) => 0;

    private Node Attributes(ExpansionContext context, Node loop, int directions)
    {
        RecurrentFunction[] functions = RecurrentFunction.Read(
            context.Node.Texts("activations") ?? [], context.Node.Floats("activation_alpha") ?? [],
            context.Node.Floats("activation_beta") ?? [], _operator.DefaultActivations, directions, out string obstacle);
        if (obstacle.Length > 0)
            throw context.Invalid(obstacle);
        if (context.Node.Has("clip") && !(context.Node.Float("clip", 0) > 0))
            throw context.Invalid($"its clip is {context.Node.Float("clip", 0)} instead of a positive number");
        loop = RecurrentFunction.Write(With(context, loop), functions);
        return context.Node.Has("clip") ? loop.With("clip", new AttributeValue.Float(context.Node.Float("clip", 0))) : loop;
    }

    // An input in float32, its dimensions in another order where the batch comes first.
    private static string Real(ExpansionContext context, int input, bool permutes = false, params ReadOnlySpan<long> order)
    {
        string value = context.Cast(context[input], ElementType.Float32);
        return permutes ? context.Transpose(value, order) : value;
    }

    // What is added to the products with the inputs, [directions · rows], and what stays beside those with the state.
    private Biases Split(ExpansionContext context, int directions, int rows, int size)
    {
        if (!context.Has(3))
            return new(null, null);
        string all = Real(context, 3);
        string input = context.Slice(all, 1, 0, rows), state = context.Slice(all, 1, rows, 2L * rows);
        int kept = KeptRows(context, size), both = rows - kept;
        string added = kept == 0 ? context.Add("Add", input, state)
            : context.Add(ExpansionContext.New("Concat", context.Add("Add", context.Slice(input, 1, 0, both),
                context.Slice(state, 1, 0, both)), context.Slice(input, 1, both, rows)).With("axis", 1));
        return new(context.Reshape(added, (long)directions * rows), kept == 0 ? null : context.Slice(state, 1, both, rows));
    }

    private sealed record Biases(string? Added, string? Kept);
}
