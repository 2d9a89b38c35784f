using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>
/// A recurrent layer: the products with the inputs of all steps at once, then step by step the products with the state and the gates.
/// Every product is an ordinary layer with constant weights, so that it runs in integers as others do; steps share them.
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
internal abstract class RecurrentLayer : Expansion
{
    // Steps are written out one after the other: more would make a predictor of unreasonable size.
    private const int MostSteps = 1024;

    /// <summary>The gates whose weights lie one after the other.</summary>
    protected abstract int Gates { get; }

    /// <summary>The activations of a direction where the node names none.</summary>
    protected abstract string[] DefaultActivations { get; }

    /// <summary>The state's tensors beside the hidden one.</summary>
    protected virtual int FurtherStates => 0;

    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        bool batchFirst = context.Node.Int("layout", 0) != 0;
        string x = batchFirst ? context.Transpose(context[0], 1, 0, 2) : context[0];
        TensorType type = context.TypeOf(x), w = context.Type(1), r = context.Type(2);
        string direction = context.Node.Text("direction", "forward");
        int directions = direction == "bidirectional" ? 2 : 1;
        int hidden = r.Rank == 3 ? r.Dimensions[2] : 0;
        if (type.Rank != 3 || w.Rank != 3 || hidden == 0 || w.Dimensions[0] != directions || r.Dimensions[0] != directions
            || w.Dimensions[1] != Gates * hidden || r.Dimensions[1] != Gates * hidden || w.Dimensions[2] != type.Dimensions[2])
            throw context.Invalid($"its input is {type}, its weights are {w} and {r} for {directions} directions");
        if ((long)type.Dimensions[0] * directions > MostSteps || type.Count == 0)
            throw context.Unsupported($"1 to {MostSteps} steps, not {type.Dimensions[0]} in {directions} directions");
        var results = new (string[] Steps, string[] States)[directions];
        for (int d = 0; d < directions; d++)
            results[d] = Run(context, x, d, direction == "reverse" || d == 1, hidden, batchFirst);
        if (context.Gives(0))
            context.Return(0, Sequence(context, [.. results.Select(s => s.Steps)], batchFirst));
        for (int s = 0; s <= FurtherStates; s++)
            if (context.Gives(1 + s))
                context.Return(1 + s, Joined(context, [.. results.Select(o => o.States[s])], batchFirst ? 1 : 0));
    }

    /// <summary>Adds one step.</summary>
    /// <param name="context">The node.</param>
    /// <param name="cell">What is the same for all steps.</param>
    /// <param name="input">The products with the step's input and all biases: [batch, gates · hidden].</param>
    /// <param name="states">The state before: the hidden one first, each [batch, hidden].</param>
    /// <returns>The state behind.</returns>
    protected abstract string[] Step(ExpansionContext context, RecurrentCell cell, string input, string[] states);

    /// <summary>The biases that are added to the products with the inputs, or null for all.</summary>
    protected virtual string InputBias(ExpansionContext context, RecurrentCell cell, string inputBias, string stateBias) =>
        context.Add("Add", inputBias, stateBias);

    private (string[] Steps, string[] States) Run(
        ExpansionContext context, string x, int direction, bool reverse, int hidden, bool batchFirst)
    {
        TensorType type = context.TypeOf(x);
        (int steps, int batch, int inputs) = (type.Dimensions[0], type.Dimensions[1], type.Dimensions[2]);
        RecurrentCell cell = RecurrentCell.Of(context, direction, Gates, hidden, DefaultActivations);
        string rows = context.Add("MatMul", context.Reshape(x, (long)steps * batch, inputs), cell.InputWeights);
        if (cell.InputBias is not null)
            rows = context.Add("Add", rows, InputBias(context, cell, cell.InputBias, cell.StateBias!));
        string[] states = [.. Enumerable.Range(0, 1 + FurtherStates).Select(s =>
            Initial(context, 5 + s, direction, batch, hidden, batchFirst))];
        string[] outputs = new string[steps];
        string zero = context.Scalar(type.Element, 0);
        for (int i = 0; i < steps; i++)
        {
            int t = reverse ? steps - 1 - i : i;
            string input = steps == 1 ? rows : context.Slice(rows, 0, (long)t * batch, (long)(t + 1) * batch);
            string[] next = Step(context, cell, input, states);
            outputs[t] = next[0];
            if (context.Has(4))
            {
                // Behind its end a sequence keeps its state, and gives 0.
                string runs = context.Reshape(
                    context.Add("Less", context.Scalar(ElementType.Int32, t), context[4]), batch, 1);
                outputs[t] = context.Add("Where", runs, next[0], zero);
                next = [.. next.Select((n, s) => context.Add("Where", runs, n, states[s]))];
            }
            states = next;
        }
        return (outputs, states);
    }

    private static string Initial(ExpansionContext context, int input, int direction, int batch, int hidden, bool batchFirst)
    {
        if (!context.Has(input))
            return context.Add(Tensor.Zeros(TensorType.Of(context.Type(0).Element, batch, hidden)));
        int axis = batchFirst ? 1 : 0;
        return context.Reshape(context.Slice(context[input], axis, direction, direction + 1), batch, hidden);
    }

    // [steps, directions, batch, hidden], or with the batch first [batch, steps, directions, hidden].
    private static string Sequence(ExpansionContext context, string[][] steps, bool batchFirst)
    {
        string[] times = [.. Enumerable.Range(0, steps[0].Length)
            .Select(t => context.Add("Unsqueeze", Joined(context, [.. steps.Select(s => s[t])], batchFirst ? 1 : 0),
                context.Ints(batchFirst ? 1 : 0)))];
        return times.Length == 1 ? times[0] : context.Add(ExpansionContext.New("Concat", times).With("axis", batchFirst ? 1 : 0));
    }

    private static string Joined(ExpansionContext context, string[] directions, int axis)
    {
        string[] parts = [.. directions.Select(d => context.Add("Unsqueeze", d, context.Ints(axis)))];
        return parts.Length == 1 ? parts[0] : context.Add(ExpansionContext.New("Concat", parts).With("axis", axis));
    }
}
