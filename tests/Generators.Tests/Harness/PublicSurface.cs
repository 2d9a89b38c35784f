using System.Globalization;
using System.Reflection;

namespace OptimizerBuild.Generators.Tests.Harness;

/// <summary>The members that a user of a compiled class sees, one a line.</summary>
public static class PublicSurface
{
    public static string Of(Assembly assembly, string type) => string.Join("\n", Lines(assembly.GetType(type, throwOnError: true)!)) + "\n";

    private static IEnumerable<string> Lines(Type type)
    {
        string kind = type.IsEnum ? "enum" : type.IsValueType ? "struct" : type.IsAbstract && type.IsSealed ? "static class" : "class";
        yield return kind + " " + type.FullName;
        const BindingFlags Declared = BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        IEnumerable<MemberInfo> members = type.GetMembers(Declared).OrderBy(m => m.MetadataToken);
        foreach (MemberInfo member in members)
        {
            string? line = member switch
            {
                ConstructorInfo constructor => $"{type.Name}({Parameters(constructor)})",
                PropertyInfo property => Static(property.GetMethod!) + Name(property.PropertyType) + " " + property.Name
                    + (property.SetMethod is null ? " { get; }" : " { get; set; }"),
                FieldInfo { IsLiteral: true } field =>
                    field.Name + " = " + Convert.ToString(field.GetRawConstantValue(), CultureInfo.InvariantCulture),
                FieldInfo { IsSpecialName: false } field => $"{Name(field.FieldType)} {field.Name}",
                MethodInfo { IsSpecialName: false } method =>
                    $"{Static(method)}{Name(method.ReturnType)} {method.Name}({Parameters(method)})",
                _ => null,
            };
            if (line is not null)
                yield return "    " + line;
        }
        foreach (Type nested in type.GetNestedTypes().OrderBy(t => t.Name, StringComparer.Ordinal))
            foreach (string line in Lines(nested))
                yield return line;
    }

    private static string Static(MethodInfo method) => method.IsStatic ? "static " : "";

    private static string Parameters(MethodBase method) =>
        string.Join(", ", method.GetParameters().Select(p => Name(p.ParameterType) + " " + p.Name));

    private static string Name(Type type) => type.IsGenericType
        ? type.Name[..type.Name.IndexOf('`')] + "<" + string.Join(", ", type.GetGenericArguments().Select(Name)) + ">"
        : type.Name;
}
