using System.Collections.Immutable;
using OptimizerBuild.Operators.Recurrent;

namespace OptimizerBuild.Passes.Recurrence;

/// <summary>
/// One step of an LSTM, a GRU or a plain recurrent layer, found in what a trip makes of its states: the rows of all gates, in the order in
/// which the operators of this build have them, and the activations.
/// </summary>
internal sealed class RecurrentCell
{
    private static readonly RecurrentFunction Sigmoid = new("Sigmoid", 0, 0);

    private readonly int _size;
    private readonly StepInput _hidden;
    private readonly Dictionary<StepInput, float[]> _inputs = [];

    private RecurrentCell(StepInput hidden, int gates)
    {
        (_hidden, _size) = (hidden, hidden.Size);
        StateWeights = new float[gates * _size * _size];
        Bias = new float[gates * _size];
    }

    /// <summary>The carried values that are its states: the hidden one and, of an LSTM, the cell's.</summary>
    public ImmutableArray<int> States { get; private init; }

    /// <summary>The hidden state that the step makes.</summary>
    public required StepVector Next { get; init; }

    /// <summary>The activations, in the order of the operator's attribute.</summary>
    public ImmutableArray<RecurrentFunction> Functions { get; private set; }

    /// <summary>The weights of the state, [gates · size, size].</summary>
    public float[] StateWeights { get; }

    /// <summary>What is added to the products with the inputs, [gates · size].</summary>
    public float[] Bias { get; }

    /// <summary>The weights of each slice, [gates · size, inputs].</summary>
    public IReadOnlyDictionary<StepInput, float[]> InputWeights => _inputs;

    /// <summary>Whether an LSTM's forget gate is one minus its input gate.</summary>
    public bool IsCoupled { get; private set; }

    /// <summary>What is added to the product that a GRU's reset gate meets; null where the gate meets the state.</summary>
    public float[]? InnerBias { get; private set; }

    /// <summary>Finds a step.</summary>
    /// <param name="inputs">The states that a trip reads; null for carried values that are none.</param>
    /// <param name="results">What the trip makes of each; null where it has no expression.</param>
    public static RecurrentCell? Of(IReadOnlyList<StepInput?> inputs, IReadOnlyList<StepVector?> results)
    {
        for (int h = 0; h < inputs.Count; h++)
        {
            if (inputs[h] is not { } hidden || results[h] is not { } next)
                continue;
            for (int c = 0; c < inputs.Count; c++)
                if (c != h && inputs[c] is { } cell && results[c] is { } nextCell && Lstm(hidden, next, h, cell, nextCell, c) is { } lstm)
                    return lstm;
            if (Gru(hidden, next, h) is { } gru)
                return gru;
            if (Plain(hidden, next, h) is { } plain)
                return plain;
        }
        return null;
    }

    // c' = f ⊙ c + i ⊙ g and h' = o ⊙ φ(c').
    private static RecurrentCell? Lstm(StepInput hidden, StepVector next, int h, StepInput cell, StepVector nextCell, int c)
    {
        if (hidden.Size != cell.Size || next is not StepProduct output || nextCell.Parts is not ([var a, var b], var bias)
            || Array.Exists(bias, v => v != 0) || !a.IsWhole(cell.Size, 1) || !b.IsWhole(cell.Size, 1))
            return null;
        foreach ((StepVector kept, StepVector added) in ((StepVector, StepVector)[])[(a.Source, b.Source), (b.Source, a.Source)])
        {
            if ((kept as StepProduct)?.Other(cell) is not { } forget || added is not StepProduct candidate)
                continue;
            foreach ((StepVector o, StepVector shown) in Orders(output))
                foreach ((StepVector i, StepVector g) in Orders(candidate))
                {
                    if (o is not StepFunction outputGate || shown is not StepFunction last || last.Argument != nextCell
                        || i is not StepFunction inputGate || g is not StepFunction values)
                        continue;
                    bool coupled = IsRest(forget, inputGate);
                    if ((!coupled && (forget is not StepFunction f || f.Function != inputGate.Function))
                        || outputGate.Function != inputGate.Function)
                        continue;
                    var made = new RecurrentCell(hidden, 4)
                    {
                        States = [h, c],
                        Next = next,
                        Functions = [inputGate.Function, values.Function, last.Function],
                        IsCoupled = coupled,
                    };
                    if (made.Gate(0, inputGate.Argument) && made.Gate(1, outputGate.Argument)
                        && (coupled || made.Gate(2, ((StepFunction)forget).Argument)) && made.Gate(3, values.Argument))
                        return made;
                }
        }
        return null;
    }

    // h' = z ⊙ h + (1 − z) ⊙ n, however it is grouped; and with the gate's complement.
    private static RecurrentCell? Gru(StepInput hidden, StepVector next, int h)
    {
        if (next.Parts is not ([var a, var b], var bias) || Array.Exists(bias, v => v != 0)
            || !a.IsWhole(hidden.Size, 1) || !b.IsWhole(hidden.Size, 1))
            return null;
        foreach ((StepVector first, StepVector second) in ((StepVector, StepVector)[])[(a.Source, b.Source), (b.Source, a.Source)])
        {
            foreach ((StepVector keep, StepVector take, StepVector n) in Mixtures(hidden, first, second))
            {
                StepFunction? gate = keep as StepFunction ?? take as StepFunction;
                if (gate is null || n is not StepFunction candidate || !(keep == gate ? IsRest(take, gate) : IsRest(keep, gate))
                    || (keep != gate && gate.Function != Sigmoid))
                    continue;
                var made = new RecurrentCell(hidden, 3) { States = [h], Next = next };
                // 1 − σ(x) is σ(−x).
                if (made.Gate(0, keep == gate ? gate.Argument
                        : StepSum.Of(StepSum.Of([], new float[hidden.Size]), gate.Argument, -1))
                    && made.Candidate(candidate.Argument, gate.Function))
                {
                    made.Functions = [gate.Function, candidate.Function];
                    return made;
                }
            }
        }
        return null;
    }

    // What keeps the state, what takes the candidate, and the candidate: z ⊙ h + y ⊙ n, n + z ⊙ (h − n), or h + y ⊙ (n − h).
    private static IEnumerable<(StepVector Keep, StepVector Take, StepVector Candidate)> Mixtures(
        StepInput hidden, StepVector first, StepVector second)
    {
        if (first is StepProduct kept && kept.Other(hidden) is { } keep && second is StepProduct taken)
            foreach ((StepVector take, StepVector n) in Orders(taken))
                yield return (keep, take, n);
        if (second is not StepProduct moved)
            yield break;
        foreach ((StepVector gate, StepVector difference) in Orders(moved))
        {
            if (difference.Parts is not ([var p, var q], var bias) || Array.Exists(bias, v => v != 0))
                continue;
            (StepTerm plus, StepTerm minus) = p.Sign > 0 ? (p, q) : (q, p);
            if (!plus.IsWhole(hidden.Size, 1) || !minus.IsWhole(hidden.Size, -1))
                continue;
            StepVector rest = StepSum.Of(StepSum.Of([], [.. Enumerable.Repeat(1f, hidden.Size)]), gate, -1);
            if (plus.Source == hidden && minus.Source == first)
                yield return (gate, rest, first);
            else if (first == hidden && minus.Source == hidden)
                yield return (rest, gate, plus.Source);
        }
    }

    // h' = φ(W x + R h + b).
    private static RecurrentCell? Plain(StepInput hidden, StepVector next, int h)
    {
        if (next is not StepFunction function)
            return null;
        var made = new RecurrentCell(hidden, 1) { States = [h], Next = next, Functions = [function.Function] };
        return made.Gate(0, function.Argument) && made.StateWeights.Any(w => w != 0) ? made : null;
    }

    // W x + b and either R (r ⊙ h) or r ⊙ (R h + d).
    private bool Candidate(StepVector sum, RecurrentFunction ofGates)
    {
        (ImmutableArray<StepTerm> terms, float[] bias) = sum.Parts;
        StepTerm[] products = [.. terms.Where(t => t.Source is StepProduct)];
        if (products is not [var product] || !Gate(2, StepSum.Of(terms.Remove(product), bias), ofState: false))
            return false;
        foreach ((StepVector factor, StepVector other) in Orders((StepProduct)product.Source))
        {
            if (factor is not StepFunction reset || reset.Function != ofGates)
                continue;
            if (product.Matrix is { } matrix)
            {
                if (other != _hidden)
                    continue;
                matrix.CopyTo(StateWeights, 2 * _size * _size);
                return Gate(1, reset.Argument);
            }
            if (!product.IsWhole(_size, 1) || other.Parts is not ([{ Matrix: { } inner } term], var innerBias) || term.Source != _hidden)
                continue;
            inner.CopyTo(StateWeights, 2 * _size * _size);
            InnerBias = innerBias;
            return Gate(1, reset.Argument);
        }
        return false;
    }

    // Takes the weights of a gate's sum, in which nothing may stand but products with slices and with the state.
    private bool Gate(int gate, StepVector sum, bool ofState = true)
    {
        (ImmutableArray<StepTerm> terms, float[] bias) = sum.Parts;
        int row = gate * _size;
        if (sum.Size != _size
            || terms.Any(t => t.Source is not StepInput source || (source.Number >= 0 && (source != _hidden || !ofState))))
            return false;
        foreach (StepTerm term in terms)
        {
            var source = (StepInput)term.Source;
            float[] weights = source == _hidden ? StateWeights
                : _inputs.TryGetValue(source, out float[]? known) ? known : _inputs[source] = new float[Bias.Length * source.Size];
            float[] matrix = term.Dense(_size);
            for (int i = 0; i < matrix.Length; i++)
                weights[(row * source.Size) + i] += matrix[i];
        }
        bias.CopyTo(Bias, row);
        return true;
    }

    // Whether a vector is 1 − gate.
    private static bool IsRest(StepVector vector, StepVector gate) => vector.Parts is ([var only], var bias)
        && only.IsWhole(gate.Size, -1) && only.Source == gate && Array.TrueForAll(bias, b => b == 1);

    private static IEnumerable<(StepVector First, StepVector Second)> Orders(StepProduct product) =>
        [(product.First, product.Second), (product.Second, product.First)];
}
