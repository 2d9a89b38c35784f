namespace OptimizerBuild.Kernels.Tests.Oracles;

/// <summary>Layer normalisation of u8 as docs/arithmetic.md has it, one element after the other.</summary>
internal static class NormalizationOracle
{
    /// <summary>Normalises rows, about their mean where there is no other centre.</summary>
    public static byte[] Rows(byte[] input, float[] factors, float[] addends, float epsilon, int centre, int minimum, int maximum)
    {
        var output = new byte[input.Length];
        int n = factors.Length;
        for (int row = 0; row < input.Length; row += n)
        {
            Int128 sum = 0, squares = 0;
            for (int i = 0; i < n; i++)
            {
                int level = centre < 0 ? input[row + i] : input[row + i] - centre;
                sum += centre < 0 ? level : 0;
                squares += level * level;
            }

            double root = Math.Sqrt((double)((n * squares) - (sum * sum)) + epsilon);
            float mean = centre < 0 ? (float)((double)sum * (1.0 / n)) : centre;
            float inverse = root == 0 ? 0 : (float)(n / root);
            for (int i = 0; i < n; i++)
            {
                float centred = input[row + i] - mean;
                float normal = centred * inverse;
                float scaled = normal * factors[i];
                float result = scaled + addends[i];
                output[row + i] = result >= maximum ? (byte)maximum : result <= minimum ? (byte)minimum : (byte)(result + 0.5f);
            }
        }

        return output;
    }
}
