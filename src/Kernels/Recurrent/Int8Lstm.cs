namespace OptimizerBuild.Kernels;

/// <summary>
/// An LSTM with s8 weights, the state being rounded in each step (<see cref="LstmLoop"/>, <see cref="Int8StateProduct"/>).
/// </summary>
internal static class Int8Lstm
{
    /// <summary>Runs one direction.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="gates">Operand offset of the products with the inputs plus all biases: [steps, batch, directions, 4 · size].</param>
    /// <param name="weights">Weights offset of the packed s8 weights of the state.</param>
    /// <param name="scales">Weights offset of a float32 scale for each row of the weights.</param>
    /// <param name="peepholes">Operand offset of the weights of the cell's state, [directions, 3 · size], where there are any.</param>
    /// <param name="lengths">Operand offset of the sequences' lengths, s32 [batch].</param>
    /// <param name="factors">Operand offset of two float32 factors for each activation.</param>
    /// <param name="initialHidden">Operand offset of the first hidden states, [directions, batch, size].</param>
    /// <param name="initialCell">Operand offset of the first cell states, [directions, batch, size].</param>
    /// <param name="output">Arena offset of the states behind all steps, [steps, directions, batch, size].</param>
    /// <param name="hidden">Arena offset of the last hidden states, [directions, batch, size].</param>
    /// <param name="cell">Arena offset of the last cell states, [directions, batch, size].</param>
    /// <param name="steps">The number of steps.</param>
    /// <param name="batch">The number of sequences.</param>
    /// <param name="size">The elements of a state.</param>
    /// <param name="direction">The number of the direction.</param>
    /// <param name="directions">How many directions the layer has.</param>
    /// <param name="reverse">1 where sequences are read from their ends, else 0.</param>
    /// <param name="levels">The greatest level of the rounded state, at most 32,767.</param>
    /// <param name="hasPeepholes">1 where the gates see the cell's state, else 0.</param>
    /// <param name="coupled">1 where the forget gate is one minus the input gate, else 0.</param>
    /// <param name="gateFunction">The activation of the gates (<see cref="RecurrentActivation"/>).</param>
    /// <param name="candidateFunction">The activation of the candidates.</param>
    /// <param name="outputFunction">The activation of the cell's state on its way out.</param>
    /// <param name="clip">The bound of what goes into activations; infinite where there is none.</param>
    public static void Run(
        Workspace w,
        int gates,
        int weights,
        int scales,
        int peepholes,
        int lengths,
        int factors,
        int initialHidden,
        int initialCell,
        int output,
        int hidden,
        int cell,
        int steps,
        int batch,
        int size,
        int direction,
        int directions,
        int reverse,
        int levels,
        int hasPeepholes,
        int coupled,
        int gateFunction,
        int candidateFunction,
        int outputFunction,
        float clip)
    {
        var call = new RecurrentCall
        {
            W = w,
            Gates = gates,
            Lengths = lengths,
            Factors = factors,
            Output = output,
            Steps = steps,
            Batch = batch,
            Size = size,
            Direction = direction,
            Directions = directions,
            Reverse = reverse != 0,
            Clip = clip,
        };
        var product = new Int8StateProduct { Weights = weights, Scales = scales, Size = size, Levels = levels };
        LstmLoop.Run(
            call, product, (gateFunction, candidateFunction, outputFunction), peepholes, hasPeepholes != 0, coupled != 0, initialHidden,
            initialCell, hidden, cell);
    }
}
