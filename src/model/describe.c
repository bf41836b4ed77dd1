/* describe.c - reading a network's description: every value is checked where it is read and entered in the canonical
 * description, which therefore is complete when a network has been built. */
#include "network.h"

#include <stdio.h>

/* Images larger than this are a mistake in the description, not something to try to allocate. */
#define SIZE_MAXIMUM 4096

orw_status orw_describe_int(orw_network *network, const orw_dictionary *given, const char *key, int fallback,
                            int minimum, int maximum, int *value) {
    ORW_CALL(orw_dictionary_int(given, key, fallback, value));
    if (*value < minimum || *value > maximum)
        return orw_error(ORW_ERR_INPUT, "%s: %d found, expected %d .. %d", key, *value, minimum, maximum);
    return orw_dictionary_set(network->description, key, "%d", *value);
}

orw_status orw_describe_real(orw_network *network, const orw_dictionary *given, const char *key, double fallback,
                             double minimum, double maximum, double *value) {
    ORW_CALL(orw_dictionary_real(given, key, fallback, value));
    if (!(*value >= minimum && *value <= maximum))
        return orw_error(ORW_ERR_INPUT, "%s: %g found, expected %g .. %g", key, *value, minimum, maximum);
    return orw_dictionary_set(network->description, key, "%.9g", *value);
}

orw_status orw_describe_bool(orw_network *network, const orw_dictionary *given, const char *key, bool fallback,
                             bool *value) {
    ORW_CALL(orw_dictionary_bool(given, key, fallback, value));
    return orw_dictionary_set(network->description, key, "%s", *value ? "true" : "false");
}

orw_status orw_describe_ints(orw_network *network, const orw_dictionary *given, const char *key, const char *fallback,
                             int minimum, int maximum, int capacity, int *values, int *count) {
    ORW_CALL(orw_dictionary_ints(given, key, fallback, capacity, values, count));
    char text[512] = "";
    for (int i = 0, used = 0; i < *count; i++) {
        if (values[i] < minimum || values[i] > maximum)
            return orw_error(ORW_ERR_INPUT, "%s: %d found, expected %d .. %d", key, values[i], minimum, maximum);
        used += snprintf(text + used, sizeof text - (size_t)used, i ? ",%d" : "%d", values[i]);
        if (used >= (int)sizeof text)
            return orw_error(ORW_ERR_INPUT, "%s: a list of %d numbers is too long", key, *count);
    }
    return orw_dictionary_set(network->description, key, "%s", text);
}

orw_status orw_describe_image(orw_network *network, const orw_dictionary *given) {
    ORW_CALL(orw_describe_int(network, given, "height", 0, 1, SIZE_MAXIMUM, &network->height));
    ORW_CALL(orw_describe_int(network, given, "width", 0, 1, SIZE_MAXIMUM, &network->width));
    return orw_describe_int(network, given, "in_channels", 0, 1, SIZE_MAXIMUM, &network->channels);
}
