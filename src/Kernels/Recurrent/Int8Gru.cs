namespace OptimizerBuild.Kernels;

/// <summary>A GRU with s8 weights, the state being rounded in each step (<see cref="GruLoop"/>, <see cref="Int8StateProduct"/>).</summary>
internal static class Int8Gru
{
    /// <summary>Runs one direction.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="gates">Operand offset of the products with the inputs plus all biases: [steps, batch, directions, 3 · size].</param>
    /// <param name="weights">Weights offset of the packed s8 weights of the state.</param>
    /// <param name="scales">Weights offset of a float32 scale for each row of the weights.</param>
    /// <param name="bias">
    /// Operand offset of the biases beside the candidate's product with the state, [directions, size], where linear is 1.
    /// </param>
    /// <param name="lengths">Operand offset of the sequences' lengths, s32 [batch].</param>
    /// <param name="factors">Operand offset of two float32 factors for each activation.</param>
    /// <param name="initialHidden">Operand offset of the first hidden states, [directions, batch, size].</param>
    /// <param name="output">Arena offset of the states behind all steps, [steps, directions, batch, size].</param>
    /// <param name="hidden">Arena offset of the last hidden states, [directions, batch, size].</param>
    /// <param name="steps">The number of steps.</param>
    /// <param name="batch">The number of sequences.</param>
    /// <param name="size">The elements of a state.</param>
    /// <param name="direction">The number of the direction.</param>
    /// <param name="directions">How many directions the layer has.</param>
    /// <param name="reverse">1 where sequences are read from their ends, else 0.</param>
    /// <param name="levels">The greatest level of the rounded state, at most 32,767.</param>
    /// <param name="linear">1 where the reset gate meets the product with the state instead of the state, else 0.</param>
    /// <param name="gateFunction">The activation of the gates (<see cref="RecurrentActivation"/>).</param>
    /// <param name="candidateFunction">The activation of the candidates.</param>
    /// <param name="clip">The bound of what goes into activations; infinite where there is none.</param>
    public static void Run(
        Workspace w,
        int gates,
        int weights,
        int scales,
        int bias,
        int lengths,
        int factors,
        int initialHidden,
        int output,
        int hidden,
        int steps,
        int batch,
        int size,
        int direction,
        int directions,
        int reverse,
        int levels,
        int linear,
        int gateFunction,
        int candidateFunction,
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
        var product = new Int8StateProduct { Weights = weights, Scales = scales, Size = size, Levels = levels, HasParts = linear == 0 };
        GruLoop.Run(call, product, (gateFunction, candidateFunction), linear != 0, bias, initialHidden, hidden);
    }
}
