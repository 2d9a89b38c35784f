using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>
/// LSTM (S. Hochreiter and J. Schmidhuber, 1997), with peepholes (F. Gers and J. Schmidhuber, 2000) and with input and forget gate coupled
/// where the node says so. The gates' weights lie in the order input, output, forget, cell.
/// </summary>
[RewrittenOperator("LSTM")]
[Input(6, "initial_c", Elements.Floats, Variable = "T", Optional = true)]
[Input(7, "P", Elements.Floats, Variable = "T", Optional = true)]
[Output(2, "Y_c", Optional = true)]
[Parameter("input_forget", ParameterKind.Int)]
internal sealed class LstmExpansion : RecurrentLayer
{
    /// <inheritdoc/>
    protected override int Gates => 4;

    /// <inheritdoc/>
    protected override string[] DefaultActivations => ["Sigmoid", "Tanh", "Tanh"];

    /// <inheritdoc/>
    protected override int FurtherStates => 1;

    /// <inheritdoc/>
    protected override string[] Step(ExpansionContext context, RecurrentCell cell, string input, string[] states)
    {
        string sums = context.Add("Add", input, context.Add("MatMul", states[0], cell.StateWeights));
        string before = states[1];
        bool coupled = context.Node.Int("input_forget", 0) != 0;
        // Without peepholes the sigmoids of three gates are one.
        string i, o = "", f;
        if (context.Has(7))
        {
            i = cell.Activate(context, 0, Peep(0, 0, before));
            f = coupled ? "" : cell.Activate(context, 0, Peep(2, 2, before));
        }
        else
        {
            string gates = cell.Activate(context, 0, cell.Gate(context, sums, 0, 3));
            (i, o, f) = (cell.Gate(context, gates, 0), cell.Gate(context, gates, 1), coupled ? "" : cell.Gate(context, gates, 2));
        }
        if (coupled)
            f = context.Add("Sub", context.Scalar(context.TypeOf(i).Element, 1), i);
        string candidate = cell.Activate(context, 1, cell.Gate(context, sums, 3));
        string state = context.Add("Add", context.Add("Mul", f, before), context.Add("Mul", i, candidate));
        if (context.Has(7))
            o = cell.Activate(context, 0, Peep(1, 1, state));
        return [context.Add("Mul", o, cell.Activations[2].Apply(context, state)), state];

        // A gate that sees the cell's state, weighted element by element.
        string Peep(int gate, int part, string seen)
        {
            string weights = context.Reshape(context.Slice(context[7], 0, cell.Direction, cell.Direction + 1), 3L * cell.Hidden);
            string own = context.Slice(weights, 0, (long)part * cell.Hidden, (long)(part + 1) * cell.Hidden);
            return context.Add("Add", cell.Gate(context, sums, gate), context.Add("Mul", seen, own));
        }
    }
}
